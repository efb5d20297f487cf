package main

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime/debug"
	"strings"
)

// bill is a CycloneDX document, as far as it is needed here.
type bill struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"` // Of the commit: a document of now would be another each time.
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func billOf(info *debug.BuildInfo, code []byte) *bill {
	sum := sha256.Sum256(code)
	main := componentOf("application", &info.Main)
	main.Hashes = []hash{{Algorithm: "SHA-256", Content: hex.EncodeToString(sum[:])}}
	b := &bill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	for _, setting := range info.Settings {
		main.Properties = append(main.Properties, property{Name: "go:build:" + setting.Key, Value: setting.Value})
		if setting.Key == "vcs.time" {
			b.Metadata.Timestamp = setting.Value
		}
	}
	b.Metadata.Component = main
	std := &debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range append([]*debug.Module{std}, info.Deps...) {
		if module.Replace != nil {
			module = module.Replace
		}
		b.Components = append(b.Components, componentOf("library", module))
	}
	return b
}

func componentOf(kind string, module *debug.Module) component {
	url := packageURL(module)
	c := component{Type: kind, Ref: url, Name: module.Path, Version: module.Version, PURL: url}
	if module.Sum != "" {
		c.Properties = []property{{Name: "go:sum", Value: module.Sum}}
	}
	return c
}

// packageURL is a module's package URL. Its specification has Go's module paths in lower case.
func packageURL(module *debug.Module) string {
	url := "pkg:golang/" + strings.ToLower(module.Path)
	if module.Version != "" {
		url += "@" + strings.ReplaceAll(module.Version, "+", "%2B")
	}
	return url + "?type=module"
}
