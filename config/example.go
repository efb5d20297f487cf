package config

import _ "embed"

//go:embed example.yaml
var example string

// Example returns an annotated file that the program accepts.
func Example() string { return example }
