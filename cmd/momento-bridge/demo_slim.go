//go:build slim

package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newDemo says where the demo is.
func newDemo() *cobra.Command {
	return &cobra.Command{
		Use:                "demo",
		Short:              "Show the bridge at work: not in this build, which is slim",
		Long:               strings.Replace(notInSlim("demo").Error(), ", which", ",\nwhich", 1) + ".",
		DisableFlagParsing: true, // Whatever is asked of it, it is not here.
		Args:               cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				if arg == "--help" || arg == "-h" {
					return cmd.Help()
				}
			}
			return notInSlim("demo")
		},
	}
}
