package key

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWhatVendingMachinesAnswerIsRead(t *testing.T) {
	t.Parallel()
	const seconds = 1_800_000_000
	at := time.Unix(seconds, 0)
	half, never := at.Add(500*time.Millisecond), time.Time{}
	v1 := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell-1.example","api_key":"inner"}`))
	v2 := jwt(`{"t":"g"}`)
	inHour := jwt(`{"exp":1800000000}`)
	tests := map[string]struct {
		body, key, endpoint string
		expires             time.Time
	}{
		"authToken, a number": {`{"authToken":"` + v1 + `","expiresAt":1800000000}`, v1, "cell-1.example", at},
		"authToken, object":   {`{"authToken":"t","expiresAt":{"validUntil":1800000000}}`, "t", "", at},
		"authToken, quoted":   {`{"authToken":"t","expiresAt":"1800000000"}`, "t", "", at},
		"authToken, epoch":    {`{"authToken":"t","expiresAtEpoch":1800000000}`, "t", "", at},
		"api_key, valid_until": {
			`{"api_key":"t","endpoint":" cell-2.example ","valid_until":1800000000}`, "t",
			"cell-2.example", at,
		},
		"the Go SDK's answer": {
			`{"ApiKey":"t","Endpoint":"cell-2.example","ValidUntil":1800000000}`, "t",
			"cell-2.example", at,
		},
		"key has its endpoint":  {`{"api_key":"` + v1 + `","endpoint":"cell-2.example"}`, v1, "cell-1.example", never},
		"token":                 {`{"token":"t"}`, "t", "", never},
		"token, epoch":          {`{"token":"t","expiresAtEpoch":1800000000}`, "t", "", at},
		"token, seconds":        {`{"token":"t","endpoint":"e.f","expiresAtEpochSeconds":1800000000}`, "t", "e.f", at},
		"token, exp":            {`{"token":"t","exp":1800000000}`, "t", "", at},
		"token and more":        {`{"cacheName":"c","token":"t","user":{"id":5},"list":[1]}`, "t", "", never},
		"names in snake case":   {`{"auth_token":"t","expires_at":1800000000}`, "t", "", at},
		"first that has a key":  {`{"api_key":"","authToken":null,"token":"t"}`, "t", "", never},
		"JSON string":           {`"` + v2 + `"`, v2, "", never},
		"string with an escape": {`"\u0074"`, "t", "", never},
		"plain text":            {v2, v2, "", never},
		"text with a line end":  {v1 + "\r\n", v1, "cell-1.example", never},
		"text, single quotes":   {"'" + v2 + "'", v2, "", never},
		"text tells its end":    {inHour, inHour, "", at},
		"JSON written twice":    {`"{\"token\":\"t\",\"exp\":1800000000}"`, "t", "", at},
		"string in a string":    {`"\"` + v2 + `\""`, v2, "", never},
		"object after a mark":   {"\ufeff" + `{"token":"t"}`, "t", "", never},
		"string after a mark":   {"\ufeff" + `"` + v2 + `"`, v2, "", never},
		"text after a mark":     {"\ufeff" + v2, v2, "", never},
		"milliseconds":          {`{"token":"t","expiresAt":1800000000500}`, "t", "", half},
		"quoted milliseconds":   {`{"token":"t","expiresAt":"1800000000500"}`, "t", "", half},
		"microseconds":          {`{"token":"t","expiresAt":1800000000500000}`, "t", "", half},
		"nanoseconds":           {`{"token":"t","expiresAt":1800000000000000000}`, "t", "", at},
		"fraction of a second":  {`{"token":"t","expiresAt":1800000000.25}`, "t", "", at.Add(250 * time.Millisecond)},
		"with an exponent":      {`{"token":"t","expiresAt":1.8e12}`, "t", "", at},
		"RFC 3339":              {`{"token":"t","expiresAt":"2027-01-15T08:00:00Z"}`, "t", "", at},
		"JavaScript":            {`{"token":"t","expiresAt":"2027-01-15T08:00:00.500Z"}`, "t", "", half},
		"Python":                {`{"token":"t","expires_at":"2027-01-15T08:00:00.500000+00:00"}`, "t", "", half},
		"Python without T":      {`{"token":"t","expires_at":"2027-01-15 08:00:00+00:00"}`, "t", "", at},
		"another zone":          {`{"token":"t","expiresAt":"2027-01-15T09:30:00+01:30"}`, "t", "", at},
		"zone without a colon":  {`{"token":"t","expiresAt":"2027-01-15T09:30:00+0130"}`, "t", "", at},
		"no zone":               {`{"token":"t","expiresAt":"2027-01-15T08:00:00"}`, "t", "", at},
		"no seconds":            {`{"token":"t","expiresAt":"2027-01-15T08:00Z"}`, "t", "", at},
		"without separators":    {`{"token":"t","expiresAt":"20270115T080000Z"}`, "t", "", at},
		"a day":                 {`{"token":"t","expiresAt":"2027-01-15"}`, "t", "", at.Add(-8 * time.Hour)},
		"SDK's object with ISO": {`{"token":"t","expiresAt":{"validUntil":"2027-01-15T08:00:00Z"}}`, "t", "", at},
		"never":                 {`{"token":"t","expiresAt":{"validUntil":null}}`, "t", "", never},
		"no time":               {`{"token":"t","expiresAt":{}}`, "t", "", never},
		"words":                 {`{"token":"t","expiresAt":"tomorrow"}`, "t", "", never},
		"nothing":               {`{"token":"t","expiresAt":null}`, "t", "", never},
		"a list":                {`{"token":"t","expiresAt":[1800000000]}`, "t", "", never},
		"before 1970":           {`{"token":"t","expiresAt":-1}`, "t", "", never},
		"a duration":            {`{"token":"t","expiresAt":3600}`, "t", "", never},
		"beyond all time":       {`{"token":"t","expiresAt":1e300}`, "t", "", never},
		"no number":             {`{"token":"t","expiresAt":"NaN"}`, "t", "", never},
		"one of two is a time":  {`{"token":"t","exp":"soon","expiresAt":1800000000}`, "t", "", at},
		"machine knows better":  {`{"token":"` + inHour + `","expiresAt":1800000060}`, inHour, "", at.Add(time.Minute)},
		"a lifetime is no end":  {`{"token":"t","expires_in":1800000000}`, "t", "", never},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k, err := parseVended([]byte(tt.body))
			if err != nil || k.raw != tt.key || k.Endpoint != tt.endpoint || !k.Expires.Equal(tt.expires) {
				t.Errorf("%s gives %q, endpoint %q, expires %v, %v", tt.body, k.raw, k.Endpoint, k.Expires, err)
			}
		})
	}
}

func TestAnswersWithoutAKeySayWhatWasFound(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		_, err := parseVended([]byte(body))
		saysOnly(t, err, want)
	}
	f("", "its answer is empty; expected is a key, as text or in a JSON object as token, authToken or api_key")
	f(" \r\n", "is empty")
	f(`""`, "is empty")
	f("null", "is empty")
	f("<!DOCTYPE html><title>secret</title>", "it answered a web page")
	f("\ufeff\n <html>", "it answered a web page")
	f(`"<html>"`, "it answered a web page")
	f(`["secret"]`, "its answer is a list")
	f(`{}`, "a JSON object with nothing in it; expected is")
	f(`{"statusCode":200,"body":"secret"}`, "a JSON object with body, statusCode; expected is")
	f(`{"error":"secret","sécret":1}`, "a JSON object with error and 1 more")
	f(`{"`+strings.Repeat("secret", 5)+`":1}`, "a JSON object with other names; ")
	f(`{"a":1,"body":1,"code":1,"data":1,"error":1,"id":1,"message":1,"status":1,"time":1,"zone":1}`,
		"with a, body, code, data, error, id, message, status and 2 more")
	f(`{"error":1,"eyJhbGciOi":1}`, "a JSON object with error and 1 more")
	f(`{"authToken":5}`, "has authToken, but that is a number")
	f(`{"token":{"value":"secret"}}`, "has token, but that is an object")
	f(`{"token":["secret"]}`, "has token, but that is a list")
	f(`{"apiKey":null}`, "has apiKey, but that is null")
	f(`{"token":false}`, "has token, but that is true or false")
	f(`{"token":""}`, "has token, but that is empty")
	f(`{"token":"secret`, "breaks off, or is damaged")
	f(`{"token":"secret"} secret`, "breaks off, or is damaged")
	f(`{"token":"Bearer secret"}`, "write the bare key")
	f(`{"token":"a secret"}`, "white space")
	f("not secret, sorry", "text that is no key: the API key has white space")
	f(`"secret`, "text that is no key: the API key has a stray quotation mark")
	f("k\x00e\x00y\x00", "its answer is UTF-16")
	f(strings.Repeat("x", maxVended+1), "too long")
}

func FuzzVendedAnswers(f *testing.F) {
	for _, body := range []string{
		`{}`, `[]`, ``, `"secret"`, `'secret`, "secret", "<html>", "\ufeffa b", "\xff\xfe", `"\"a b\""`,
		`"{\"token\":\"a.b.c\"}"`,
		`{"authToken":"secret","expiresAt":1}`, `{"api_key":"secret","valid_until":{"validUntil":3}}`,
		`{"authToken":5}`, `{"authToken":"sec ret","expiresAt":1e300}`, `{"authToken":"Bearer secret"}`,
		`{"token":"a b","expiresAt":"2027-01-15T08:00:00Z"}`, `{"token":{"token":"secret"}}`,
		`{"TOKEN":"\u201c","exp":"0x1p40"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		k, err := parseVended([]byte(body))
		if (err == nil) == (k.raw == "") {
			t.Fatalf("key %v and error %v", k, err)
		}
		if err == nil {
			return
		}
		for _, secret := range secretsIn(body) {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds %q: %v", secret, err)
			}
		}
	})
}

// secretsIn returns what of an answer may be a key: each word that is too long to be found in an error by chance, and
// each text in an object.
func secretsIn(body string) []string {
	words := strings.Fields(body)
	var answer map[string]any
	if json.Unmarshal([]byte(body), &answer) == nil {
		for _, value := range answer {
			words = append(words, fmt.Sprint(value))
		}
	}
	var secrets []string
	for _, word := range words {
		if len(word) > 2*longestName {
			secrets = append(secrets, word)
		}
	}
	return secrets
}
