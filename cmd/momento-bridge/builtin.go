package main

import "github.com/spf13/cobra"

// refuseUnknown makes the commands that cobra adds, help and completion, refuse what they do not know, as ours do.
// They write to where the output of root goes at this moment.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = usageArgs(knownTopic)
		case "completion":
			cmd.Args = usageArgs(noSuchCommand)
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = usageArgs(shell.Args)
			}
		}
	}
}

// knownTopic refuses arguments of help that lead to no command.
func knownTopic(cmd *cobra.Command, args []string) error {
	found, rest, err := cmd.Root().Find(args)
	if err != nil {
		return err
	}
	return noSuchCommand(found, rest)
}
