package key

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"momento-bridge/excerpt"
	"momento-bridge/secretfile"
)

// keyExpected ends errors about an answer.
const keyExpected = "expected is a key, as text or in a JSON object as token, authToken or api_key"

// parseVended reads a machine's answer: a key as it is or as a JSON string, or a JSON object that has it as token,
// authToken or api_key, and may have when it expires, as expiresAt, expiresAtEpoch, valid_until or such, and an
// endpoint. Capital letters, _ and - in names do not count. Errors say what was found, but nothing of a key.
func parseVended(body []byte) (Key, error) {
	if len(body) > maxVended {
		return Key{}, errors.New("its answer is too long")
	}
	text, err := secretfile.Decode(body)
	if err != nil {
		return Key{}, errors.New("its answer is UTF-16: let it answer UTF-8")
	}
	text = strings.TrimSpace(text)
	var inner string
	if json.Unmarshal([]byte(text), &inner) == nil {
		text = strings.TrimSpace(inner) // Which may be an object again, from machines that write JSON twice.
	}
	switch {
	case text == "", text == "null":
		return Key{}, errors.New("its answer is empty; " + keyExpected)
	case strings.HasPrefix(text, "<"):
		return Key{}, errors.New(
			"it answered a web page, such as one to log in at: check momento.api_key_url and the headers; " +
				keyExpected)
	case strings.HasPrefix(text, "["):
		return Key{}, errors.New("its answer is a list; " + keyExpected)
	case strings.HasPrefix(text, "{"):
		return parseVendedObject(text)
	}
	k, err := Parse(text)
	if err != nil {
		return Key{}, fmt.Errorf("its answer is text that is no key: %w", err)
	}
	return k, nil
}

func parseVendedObject(text string) (Key, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil {
		return Key{}, errors.New("its answer begins as a JSON object but breaks off, or is damaged; " + keyExpected)
	}
	names := slices.Sorted(maps.Keys(object))
	token, err := tokenOf(object, names)
	if err != nil {
		return Key{}, err
	}
	k, err := Parse(token)
	if err != nil {
		return Key{}, err
	}
	if at := expiryOf(object, names); !at.IsZero() {
		k.Expires = at
	}
	if k.Endpoint == "" {
		k.Endpoint = strings.TrimSpace(textOf(object, names, "endpoint"))
	}
	return k, nil
}

var tokenNames = []string{"authtoken", "apikey", "token"}

// tokenOf finds the key in an object.
func tokenOf(object map[string]json.RawMessage, names []string) (string, error) {
	for _, plain := range tokenNames {
		if token := textOf(object, names, plain); token != "" {
			return token, nil
		}
	}
	for _, name := range names {
		if slices.Contains(tokenNames, plainName(name)) {
			return "", fmt.Errorf("its answer has %s, but that is %s; %s", name, kindOf(object[name]), keyExpected)
		}
	}
	return "", fmt.Errorf("its answer is a JSON object with %s; %s", listed(names), keyExpected)
}

// textOf returns the first text that is not empty under a name.
func textOf(object map[string]json.RawMessage, names []string, plain string) string {
	for _, name := range names {
		var text string
		if plainName(name) == plain && json.Unmarshal(object[name], &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

// plainName returns a name without what languages' habits make of it: authToken, auth_token, AuthToken. What is too
// long for a name has none.
func plainName(name string) string {
	if len(name) > longestName {
		return ""
	}
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// kindOf says what a JSON value is, without it.
func kindOf(value json.RawMessage) string {
	switch value[0] {
	case '"':
		return "empty"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

const (
	// mostListed bounds the names in an error.
	mostListed = 8
	// longestName is far above each name that a machine may give, and far below each key.
	longestName = 24
)

// listed lists names, as far as they are words: a key may stand in the place of one.
func listed(names []string) string {
	var known []string
	for _, name := range names {
		if told := excerpt.Of(name, longestName, excerpt.Secrets{}); len(known) < mostListed && told == name {
			known = append(known, name)
		}
	}
	switch more := len(names) - len(known); {
	case len(names) == 0:
		return "nothing in it"
	case len(known) == 0:
		return "other names"
	case more > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(known, ", "), more)
	}
	return strings.Join(known, ", ")
}
