package standin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// kubectlProgram looks at files that would be applied, and at commands of the program in pods.
func kubectlProgram() program {
	object := "o= output= l= selector= A all-namespaces w watch f= filename= R ignore-not-found wait= timeout= force"
	commands := []command{
		{words: "apply", flags: object + " k= dry-run= server-side", run: manifests},
		{words: "create", flags: object + " dry-run= save-config", run: manifests},
		{words: "delete", flags: object, most: -1, run: manifests},
		{words: "create namespace", flags: "dry-run=", least: 1, most: 1},
		{words: "create configmap", flags: "from-file= from-literal= dry-run= o=", least: 1, most: 1, run: fromFiles},
		{
			words: "create secret generic", flags: "from-file= from-literal= from-env-file= dry-run= o= type=",
			least: 1, most: 1, run: fromFiles,
		},
		{words: "get", flags: object, least: 1, most: -1},
		{words: "describe", flags: object, least: 1, most: 2},
		{words: "logs", flags: object + " previous p follow tail= since= c= container= prefix", most: 1},
		{
			words: "exec", flags: "i stdin t tty c= container=",
			least: 1, most: 1, run: func(c *call) error { return c.bridgeWords(c.rest) },
		},
		{words: "port-forward", flags: "address=", least: 2, most: 3},
		{words: "wait", flags: object + " for=", least: 1, most: -1},
		{words: "scale", flags: object + " replicas=", least: 1, most: 2},
		{words: "label", flags: "overwrite", least: 2, most: -1},
		{words: "annotate", flags: "overwrite", least: 2, most: -1},
		{words: "edit", least: 1, most: 2},
		{words: "top pod", flags: "containers l=", most: 1},
		{words: "cp", flags: "c=", least: 2, most: 2},
		{words: "explain", least: 1, most: 1},
		{words: "set image", least: 2, most: -1},
		{words: "config current-context"},
		{words: "diff", flags: object, run: manifests},
		{words: "debug", flags: "i t image= target= profile=", least: 1, most: 1},
	}
	for _, verb := range []string{"status", "restart", "undo", "history"} {
		commands = append(commands, command{words: "rollout " + verb, flags: "timeout= w", least: 1, most: 2})
	}
	return program{
		cannot: "a cluster: test/helm decodes manifests strictly into the types of Kubernetes",
		flags:  "n= namespace= context= kubeconfig=", commands: commands,
	}
}

// manifests looks at the files: each document names what it is.
func manifests(c *call) error {
	files := append(append([]string{}, c.flags["-f"]...), c.flags["--filename"]...)
	if len(files) == 0 && len(c.args) == 0 && !c.has("-k") {
		return errors.New("there is nothing to do: -f is missing")
	}
	for _, file := range files {
		if strings.HasPrefix(file, "https://") {
			continue
		}
		all := []string{file}
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			all, _ = filepath.Glob(filepath.Join(file, "*.yaml"))
		}
		for _, file := range all {
			text, err := read(file)
			if err != nil {
				return err
			}
			if err := Manifest(text); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// Manifest reports what a text lacks of one or several Kubernetes objects.
func Manifest(text string) error {
	for document := range strings.SplitSeq("\n"+text, "\n---") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		var object struct {
			APIVersion string         `yaml:"apiVersion"`
			Kind       string         `yaml:"kind"`
			Metadata   map[string]any `yaml:"metadata"`
		}
		if err := yaml.Load([]byte(document), &object); err != nil {
			return fmt.Errorf("not YAML: %w", err)
		}
		if object.APIVersion == "" || object.Kind == "" ||
			object.Metadata["name"] == nil && object.Kind != "Kustomization" {
			return errors.New("an object without apiVersion, kind or metadata.name")
		}
	}
	return nil
}

// fromFiles looks whether the files are there.
func fromFiles(c *call) error {
	for _, flag := range []string{"--from-file", "--from-env-file"} {
		for _, from := range c.flags[flag] {
			if _, file, ok := strings.Cut(from, "="); ok {
				from = file
			}
			if _, err := read(from); err != nil {
				return err
			}
		}
	}
	return nil
}

// helmProgram looks at the chart and the files of values, and whether keys that are set exist in the chart.
func helmProgram() program {
	values := "f= values= set= set-string= set-file= set-json= n= namespace= create-namespace version= wait " +
		"timeout= atomic dry-run " +
		"install reset-values reuse-values post-renderer= kube-version= api-versions= a= s= show-only= " +
		"include-crds strict debug devel"
	second := func(c *call) error { return chart(c, c.args[1], "--dry-run=client") }
	flagsOnly := func(c *call) error { return c.helmTakes() }
	return program{
		cannot: "a cluster; in the short form what is rendered, too: test/helm renders by helm's libraries",
		flags:  "kube-context= kubeconfig=",
		commands: []command{
			{words: "install", flags: values, least: 2, most: 2, run: second},
			{words: "upgrade", flags: values, least: 2, most: 2, run: second},
			{
				words: "template", flags: values,
				least: 1, most: 2, run: func(c *call) error { return chart(c, c.args[len(c.args)-1]) },
			},
			{words: "lint", flags: values, least: 1, most: 1, run: func(c *call) error { return chart(c, c.args[0]) }},
			{
				words: "show values", flags: "version=",
				least: 1, most: 1, run: func(c *call) error { return chart(c, c.args[0]) },
			},
			{
				words: "package", flags: "d= destination= version= app-version=",
				least: 1, most: 1, run: func(c *call) error { return chart(c, c.args[0]) },
			},
			{words: "push", least: 2, most: 2},
			{words: "uninstall", flags: "n= namespace= wait", least: 1, most: 1, run: flagsOnly},
			{words: "rollback", flags: "n= namespace= wait", least: 1, most: 2, run: flagsOnly},
			{words: "status", flags: "n= namespace=", least: 1, most: 1, run: flagsOnly},
			{words: "history", flags: "n= namespace=", least: 1, most: 1, run: flagsOnly},
			{words: "get values", flags: "n= namespace= a all o=", least: 1, most: 1, run: flagsOnly},
			{words: "test", flags: "n= namespace= logs", least: 1, most: 1, run: flagsOnly},
			{words: "version", flags: "short"},
		},
	}
}

// chart looks at a chart and its values. In the long form helm itself does; what would talk to a cluster is told to
// render what it would send there.
func chart(c *call, dir string, more ...string) error {
	if strings.HasPrefix(dir, "oci://") || strings.HasSuffix(dir, ".tgz") {
		return nil // A release has it.
	}
	if helm := c.Tools["helm"]; helm != "" {
		words := slices.Clone(c.words)
		if at := slices.Index(words, "upgrade"); at >= 0 { // It asks the cluster what it has, even if it is dry.
			if err := c.helmTakes(); err != nil {
				return err
			}
			words[at] = "install"
		}
		c.real = len(more) == 0
		return c.command(append(append([]string{helm}, words...), more...))
	}
	text, err := os.ReadFile(filepath.Join(dir, "values.yaml"))
	if err != nil {
		return fmt.Errorf("the chart: %w", err)
	}
	var defaults map[string]any
	if err := yaml.Load(text, &defaults); err != nil {
		return fmt.Errorf("the chart's values: %w", err)
	}
	for _, flag := range []string{"-f", "--values"} {
		for _, file := range c.flags[flag] {
			text, err := read(file)
			if err != nil {
				return err
			}
			if err := Values(text, defaults); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	for _, flag := range []string{"--set", "--set-string", "--set-file", "--set-json"} {
		for _, pair := range c.flags[flag] {
			key, _, ok := strings.Cut(pair, "=")
			first, _, _ := strings.Cut(key, ".")
			first, _, _ = strings.Cut(first, "[")
			if _, there := defaults[first]; !ok || !there {
				return fmt.Errorf("%s %s: the chart has no value %s", flag, pair, first)
			}
		}
	}
	return nil
}

// helmTakes has helm itself, where it is, read its flags.
func (c *call) helmTakes() error {
	if helm := c.Tools["helm"]; helm != "" {
		return c.command(append([]string{helm}, append(c.words, "--help")...))
	}
	return nil
}

// Values reports a key of Helm values that a chart does not have.
func Values(text string, defaults map[string]any) error {
	var given map[string]any
	if err := yaml.Load([]byte(text), &given); err != nil {
		return fmt.Errorf("not YAML: %w", err)
	}
	for key := range given {
		if _, ok := defaults[key]; !ok {
			return fmt.Errorf("the chart has no value %s", key)
		}
	}
	return nil
}
