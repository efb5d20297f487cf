package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	// variable is what other programs replace inside a value. What stands in it is not shown: it may be a secret.
	variable = regexp.MustCompile(`\$\{(file:|env:)?([A-Za-z_][A-Za-z0-9_]*)?[^{}"]*\}`)
	// shellName is what a shell replaces; NATS has subjects that look like it.
	shellName = regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*`)
)

// shellForms are the forms of texts in which a $ at the beginning can only be a mistake.
var shellForms = []string{"servers", "endpoint", "proxy", "vending", "listen"}

// refuseVariables returns an error for a text of the file with a variable, which nothing replaces: as it stands it
// would be a name that nobody has meant. The error says what to do instead.
func refuseVariables(path, text string) error {
	if !strings.Contains(text, "$") {
		return nil
	}
	k := keyNamed(path)
	found := variable.FindStringSubmatch(text)
	named := strings.HasSuffix(k.Path, "_file") || slices.Contains(shellForms, k.Form) || k.Env != ""
	switch {
	case found != nil && found[1] == "file:" && strings.HasSuffix(k.Path, "_file"):
		return errors.New("${file:…} is not replaced: this key names a file by itself; write its path alone")
	case found != nil && found[1] == "file:":
		return fmt.Errorf("${file:…} is not replaced: the file has no variables; %s", instead(&k))
	case found != nil && found[2] != "":
		return fmt.Errorf("${%s} is not replaced: the file has no variables; %s", found[2], instead(&k))
	case named && shellName.MatchString(text):
		return fmt.Errorf("%s is not replaced: the file has no variables; %s", shellName.FindString(text), instead(&k))
	}
	return nil
}

// instead says what takes the place of a variable.
func instead(k *Key) string {
	const before = "fill the file in before the start, as envsubst does"
	if k.Env == "" {
		return before
	}
	what := "leave the key away and set " + k.Env + " in the environment"
	if k.Path == "momento.api_key_file" {
		what += " to the API key"
	}
	return what + ", or " + before
}
