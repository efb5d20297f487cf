package userinfo

import (
	"strings"
	"testing"
)

func TestUsersAndPasswordsAreHiddenAndNothingElse(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := Hide(text); got != want {
			t.Errorf("Hide(%q) = %q, want %q", text, got, want)
		}
	}
	f("http://user:password@h:1/p?q#f", "http://xxxxx@h:1/p?q#f")
	f("http://token@h", "http://xxxxx@h")
	f("http://user:pa@ss/wo:rd@h", "http://xxxxx@h")
	f("http://user:%zz@[bad", "http://xxxxx@[bad")
	f(`endpoint "https://u:p@h": write only a host`, `endpoint "https://xxxxx@h": write only a host`)
	f("nats://a:b@one,tls://c:d@two", "nats://xxxxx@one,tls://xxxxx@two")
	f("parse \"http://u:p@h\": ask 'http://u:p@h'", "parse \"http://xxxxx@h\": ask 'http://xxxxx@h'")
	f("user:password@h", "xxxxx@h")
	f(`"user:password@h" is none`, `"xxxxx@h" is none`)
	for _, same := range []string{
		"write http://host:port, or http://user:password@host:port with %XX",
		"", "http://127.0.0.1:8080/topics/a", "[::1]:9464", "mail bridge@example.com", "config.yaml:3:4: no @ here",
		"12:03:04 orders.*: 5 @ 3/s", `{"a":"b@c"}`, "https://h/p, or a@b",
	} {
		f(same, same)
	}
}

func FuzzAPasswordIsNeverShown(f *testing.F) {
	f.Add("user", "password", "host")
	f.Add("", "p@s/s:w", "h")
	f.Fuzz(func(t *testing.T, user, password, host string) {
		const secret = "s3cr3t-piece"
		for _, c := range user + password + host {
			if c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '`' || c == ',' {
				t.Skip() // Ends a URL.
			}
		}
		if got := Hide("http://" + user + ":" + password + secret + "@" + host); strings.Contains(got, secret) {
			t.Errorf("%q shows it", got)
		}
	})
}
