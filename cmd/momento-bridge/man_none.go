//go:build !man

package main

import "github.com/spf13/cobra"

// addMan adds the command that writes man pages, which the build tag man brings: users are given the pages.
func addMan(*cobra.Command) {}
