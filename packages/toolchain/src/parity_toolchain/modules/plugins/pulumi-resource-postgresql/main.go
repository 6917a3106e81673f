// Command pulumi-resource-postgresql is the published Terraform provider of PostgreSQL behind Pulumi's bridge.
// Everything below that is not the bare bridge matches what the released plugin adds to it.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-postgresql/postgresql"
)

const name = "postgresql"

// version is set by the linker: the plugin version that the Python SDK asks for.
var version string

func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:       shim.NewProvider(postgresql.Provider()),
		Name:    name,
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"sslmode": {Default: &tfbridge.DefaultInfo{EnvVars: []string{"PGSSLMODE"}}},
			"connect_timeout": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"PGCONNECT_TIMEOUT"},
				Value:   180,
			}},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"postgresql_grant": {DeleteBeforeReplace: true},
		},
		EnableZeroDefaultSchemaVersion: true,
		EnableAccurateBridgePreview:    true,
	}
	info.RenameResourceWithAlias("postgresql_default_privileges",
		"postgresql:index/defaultPrivileg:DefaultPrivileg",
		"postgresql:index/defaultPrivileges:DefaultPrivileges", "index", "index", nil)
	info.MustComputeTokens(tokens.SingleModule("postgresql_", "index", tokens.MakeStandard(name)))
	info.SetAutonaming(255, "-")
	return info
}

func main() {
	// The Python SDK is published already, so the schema need only say who this is.
	tfbridge.Main(name, version, provider(), fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, version))
}
