// Starts a policy pack the way later engines ask for it: they name its folder and its kind in fields that this host's
// own protocol does not know yet.

package main

import (
	"google.golang.org/protobuf/encoding/protowire"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Field numbers of proto/pulumi/language.proto in v3.259: RunPluginRequest and ProgramInfo.
const (
	infoField             protowire.Number = 5
	kindField             protowire.Number = 6
	programDirectoryField protowire.Number = 2
)

// pluginCommand gives python's arguments for a plugin, and the folder to run it in: a policy pack runs through the SDK's
// pulumi.policy module in its own folder, as later hosts do it, and everything else as before.
func pluginCommand(req *pulumirpc.RunPluginRequest) ([]string, string) {
	unknown := req.ProtoReflect().GetUnknown()
	if req.Program == "" && string(field(unknown, kindField)) == "analyzer" {
		pack := string(field(field(unknown, infoField), programDirectoryField))
		return append(append([]string{"-u", "-m", "pulumi.policy"}, req.Args...), pack), pack
	}
	return append([]string{req.Program}, req.Args...), req.Pwd
}

// field gives the bytes of a length-delimited field of a message, or nil where it has none.
func field(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil
		}
		message = message[size:]
		if number == wanted && kind == protowire.BytesType {
			value, size := protowire.ConsumeBytes(message)
			if size < 0 {
				return nil
			}
			return value
		}
		size = protowire.ConsumeFieldValue(number, kind, message)
		if size < 0 {
			return nil
		}
		message = message[size:]
	}
	return nil
}
