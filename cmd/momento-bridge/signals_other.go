//go:build !unix

package main

import "os"

// resizes returns nothing: nobody tells that the terminal is given another size.
func resizes() (signals <-chan os.Signal, stop func()) { return nil, func() {} }
