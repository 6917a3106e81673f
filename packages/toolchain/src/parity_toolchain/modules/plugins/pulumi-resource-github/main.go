// Command pulumi-resource-github is the published Terraform provider of GitHub behind Pulumi's bridge.
// Everything below that is not the bare bridge matches what the released plugin adds to it.
package main

import (
	"fmt"

	"github.com/integrations/terraform-provider-github/v6/github"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

const name = "github"

// version is set by the linker: the plugin version that the Python SDK asks for.
var version string

func provider() tfbridge.ProviderInfo {
	// A record each: computing the tokens writes into it, so two resources that shared one would share a token.
	replaceInOrder := func() *tfbridge.ResourceInfo {
		return &tfbridge.ResourceInfo{DeleteBeforeReplace: true}
	}
	idsForceNew := func() *tfbridge.ResourceInfo {
		return &tfbridge.ResourceInfo{Fields: map[string]*tfbridge.SchemaInfo{
			"selected_repository_ids": {ForceNew: tfbridge.True()},
		}}
	}
	// The provider allows one reviewers block now; the plugin still shows the list it was.
	reviewersList := &tfbridge.ResourceInfo{Fields: map[string]*tfbridge.SchemaInfo{
		"reviewers": {MaxItemsOne: tfbridge.False()},
	}}
	info := tfbridge.ProviderInfo{
		P:       shim.NewProvider(github.NewProvider(version, "")()),
		Name:    name,
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"base_url": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"GITHUB_BASE_URL"},
				Value:   "https://api.github.com/",
			}},
			"token": {
				Default: &tfbridge.DefaultInfo{EnvVars: []string{"GITHUB_TOKEN"}},
				Secret:  tfbridge.True(),
			},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"github_actions_environment_secret":     replaceInOrder(),
			"github_repository_autolink_reference":  replaceInOrder(),
			"github_repository_collaborator":        replaceInOrder(),
			"github_repository_environment":         reviewersList,
			"github_repository_deploy_key":          replaceInOrder(),
			"github_actions_organization_secret":    idsForceNew(),
			"github_codespaces_organization_secret": idsForceNew(),
			"github_dependabot_organization_secret": idsForceNew(),
		},
		EnableZeroDefaultSchemaVersion: true,
		EnableAccurateBridgePreview:    true,
		EnableRawStateDelta:            true,
	}
	info.MustComputeTokens(tokens.SingleModule("github_", "index", tokens.MakeStandard(name)))
	info.SetAutonaming(255, "-")
	return info
}

func main() {
	// The Python SDK is published already, so the schema need only say who this is.
	tfbridge.Main(name, version, provider(), fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, version))
}
