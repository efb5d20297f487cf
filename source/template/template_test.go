package template

import (
	"strconv"
	"testing"
)

func TestTemplateMapsSubjectsToTopics(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		filter, template, subject, want string
	}{
		"subject is the whole subject": {
			"orders.>", "{{subject}}", "orders.eu.42",
			"orders.eu.42",
		},
		"subject may stand inside text": {
			"orders.*", "shop/{{ subject }}!", "orders.42",
			"shop/orders.42!",
		},
		"subject may be written as a call": {"orders.*", "{{Subject()}}", "orders.42", "orders.42"},
		"text alone is one topic for all": {
			"orders.>", "all orders, für alle/日本", "orders.42",
			"all orders, für alle/日本",
		},
		"wildcard takes one token": {
			"orders.*.*", "{{wildcard(2)}}.{{wildcard(1)}}",
			"orders.eu.42", "42.eu",
		},
		"wildcard may stand inside text": {
			"orders.*", "orders-{{wildcard(1)}}", "orders.42",
			"orders-42",
		},
		"wildcard of > takes the rest with its dots": {
			"orders.>", "orders-{{wildcard(1)}}", "orders.eu.42",
			"orders-eu.42",
		},
		"> counts after the other wildcards": {
			"a.*.>", "{{wildcard(1)}}/{{wildcard(2)}}",
			"a.b.c.d", "b/c.d",
		},
		"wildcard 0 is the first token": {
			"orders.*", "{{wildcard(0)}}-{{wildcard(1)}}",
			"orders.42", "orders-42",
		},
		"$n takes one token": {"orders.*.*", "$2.$1", "orders.eu.42", "42.eu"},
		"$n may stand inside text": {
			"orders.*.*", "orders-$2/$1!", "orders.eu.42",
			"orders-42/eu!",
		},
		"$n ends where the digits end":    {"*", "$1st", "1", "1st"},
		"a dollar without digits is text": {"*", "$.$SYS.a$.$$", "x", "$.$SYS.a$.$$"},
		"quoted text stays as it is": {
			"*",
			`price{{"$12"}}-{{ "{{" }}$1}}-{{""}}.{{"*"}}.{{">"}}`, "x", "price$12-{{x}}-.*.>",
		},
		"quoted text keeps its spaces and quotes":     {"*", `{{" "a" "}}`, "x", ` "a" `},
		"closing braces and single braces are text":   {"*", "{a}}-}}-{$1}", "x", "{a}}-}}-{x}"},
		"a trailing > is what the filter's > matched": {"a.*.>", "b.$1.>", "a.x.y.z", "b.x.y.z"},
		"a > alone is the rest too":                   {"a.>", ">", "a.x.y", "x.y"},
		"a > of > is the whole subject":               {">", ">", "a.x.y", "a.x.y"},
		"a > inside a token is text":                  {"a.>", "a->b->", "a.x", "a->b->"},
		"partition hashes the whole subject":          {"*.*", "bar.{{partition(10)}}", "foo.bar", "bar.6"},
		"partition hashes the wildcards it names":     {"foo.*", "{{partition(10,1)}}", "foo.baz", "0"},
		"partition may stand inside text": {
			"foo.*", "shard-{{partition(10, 0)}}",
			"foo.baz", "shard-3",
		},
		"partition joins its wildcards without dots": {
			"*.*",
			"{{partition(1000,1,2)}}-{{partition(1000,2,1)}}", "a.b", "946-708",
		},
		"partition of a plain subject ignores its wildcards": {
			"foo.bar", "baz.{{partition(10,7)}}",
			"foo.bar", "baz.6",
		},
		"partition into none is 0": {"*", "{{partition(0)}}", "foo", "0"},
		"random of one is 0": {
			"*", "{{random(1)}}{{random(0)}}{{random(-1)}}",
			"foo", "000",
		},
		"split puts dots for separators": {
			"*", "{{split(1,-)}}", "-abc-def--ghi-",
			"abc.def.ghi",
		},
		"split keeps the server's leading dot":          {"*", "{{split(1,-)}}", "--abc", ".abc"},
		"split by nothing puts dots between characters": {"*", "{{split(1,)}}", "aéb", "a.é.b"},
		"split can leave nothing":                       {"*", "{{split(1,-)}}", "-", ""},
		"splitFromLeft puts a dot after k bytes":        {"*", "{{splitFromLeft(1,3)}}", "12345", "123.45"},
		"splitFromRight puts a dot before k bytes":      {"*", "{{splitFromRight(1,3)}}", "12345", "12.345"},
		"sliceFromLeft puts a dot every k bytes": {
			"*", "{{sliceFromLeft(1,3)}}", "1234567890",
			"123.456.789.0",
		},
		"sliceFromRight counts from the right": {
			"*", "{{sliceFromRight(1,3)}}", "1234567890",
			"1.234.567.890",
		},
		"sliceFromRight leaves no empty slice": {"*", "{{sliceFromRight(1,3)}}", "123456", "123.456"},
		"left takes the first k bytes":         {"*.*", "{{left(2,2)}}", "a.1234", "12"},
		"right takes the last k bytes":         {"*.*", "{{right(2,2)}}", "a.1234", "34"},
		"a length beyond the token leaves it": {
			"*", "{{left(1,9)}}-{{right(1,4)}}", "1234",
			"1234-1234",
		},
		"a length below 1 leaves the token": {
			"*", "{{left(1,0)}}-{{sliceFromLeft(1,-1)}}", "1234",
			"1234-1234",
		},
		"names are read without regard to case": {
			"*", "{{SPLITFROMLEFT(1,1)}}-{{Wildcard(1)}}",
			"ab", "a.b-ab",
		},
		"spaces and tabs around names and numbers are allowed": {"*.*", "{{ \tleft ( 2 , 1 )\t }}", "a.bc", "b"},
		"tokens a subject lacks count as empty": {
			"a.*.*",
			"{{wildcard(1)}}-{{left(2,1)}}-{{split(2,)}}.", "a", "--.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			template := compiled(t, test.filter, test.template)
			if got := template.Topic(test.subject, nil); got != test.want {
				t.Errorf("Topic(%q) = %q, want %q", test.subject, got, test.want)
			}
			if got := string(template.Append([]byte("> "), test.subject, nil)); got != "> "+test.want {
				t.Errorf("Append(%q) = %q, want %q", test.subject, got, "> "+test.want)
			}
		})
	}
}

func TestTemplateRefusalsSayWhatToWriteInstead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		filter, template, want string
	}{
		"an empty filter": {"", "a", `the subject filter is empty; write ">" for all subjects`},
		"an empty token":  {"a..b", "a", `subject filter "a..b" has an empty token; remove the extra dot`},
		"white space in the filter": {
			"a. b", "a", `subject filter "a. b" contains white space; remove it`,
		},
		"tokens after >": {
			"a.>.b", "a", `subject filter "a.>.b" has tokens after ">"; end it there, or use "*" for one token`,
		},
		"a header without a name": {
			"a", "{{header()}}", `topic template "{{header()}}": {{header()}}: too few arguments; ` +
				`write it like {{header(Name)}} or {{header(Name,default)}}`,
		},
		"a header that cannot be": {
			"a", "{{header(a b)}}", `topic template "{{header(a b)}}": {{header(a b)}}: "a b" is not the name of a ` +
				`header: write one such as Region`,
		},
		"a header that is nearly one": {
			"a", "{{heade(x)}}", `topic template "{{heade(x)}}": {{heade(x)}}: unknown function "heade"; did you ` +
				`mean {{header(Name)}} or {{header(Name,default)}}?`,
		},
		"an empty template": {
			"a", "", `topic template "": it is empty; write {{subject}} for the subject itself`,
		},
		"a blank template": {
			"a", ` {{" "}}`, `topic template " {{\" \"}}": it is empty; write {{subject}} for the subject itself`,
		},
		"a wildcard of a filter without any": {
			"a", "{{wildcard(1)}}",
			`topic template "{{wildcard(1)}}": {{wildcard(1)}}: filter "a" has no wildcards; use {{subject}}`,
		},
		"a wildcard beyond the only one": {
			"a.*", "x-{{left(2,1)}}",
			`topic template "x-{{left(2,1)}}": {{left(2,1)}}: filter "a.*" has one wildcard; use number 1`,
		},
		"a wildcard beyond several": {
			"*.*.>", "{{partition(2,4)}}",
			`topic template "{{partition(2,4)}}": {{partition(2,4)}}: filter "*.*.>" has 3 wildcards; use a number ` +
				`from 1 to 3`,
		},
		"a dollar amount": {
			"a.*", "price$12",
			`topic template "price$12": $12: filter "a.*" has one wildcard; use number 1, or write {{"$12"}} for the ` +
				`text itself`,
		},
		"a misspelt function": {
			"a.*", "{{wildcrad(1)}}",
			`topic template "{{wildcrad(1)}}": {{wildcrad(1)}}: unknown function "wildcrad"; did you mean ` +
				`{{wildcard(1)}}?`,
		},
		"a function like no other": {
			"a.*", "{{1}}",
			`topic template "{{1}}": {{1}}: unknown function "1"; there are subject, wildcard, partition, random, header, ` +
				`split, splitfromleft, splitfromright, slicefromleft, slicefromright, left, right`,
		},
		"no parentheses": {
			"a.*", "{{wildcard}}",
			`topic template "{{wildcard}}": {{wildcard}}: too few arguments; write it like {{wildcard(1)}}`,
		},
		"a missing parenthesis": {
			"a.*", "{{left(1,2}}",
			`topic template "{{left(1,2}}": {{left(1,2}}: it does not end in a parenthesis; write it like ` +
				`{{left(1,2)}}`,
		},
		"too few arguments": {
			"a.*", "{{split(1)}}",
			`topic template "{{split(1)}}": {{split(1)}}: too few arguments; write it like {{split(1,-)}}`,
		},
		"too many arguments": {
			"a.*", "{{subject(1)}}",
			`topic template "{{subject(1)}}": {{subject(1)}}: too many arguments; write it like {{subject}}`,
		},
		"a word for a number": {
			"a.*", "{{right(1,two)}}",
			`topic template "{{right(1,two)}}": {{right(1,two)}}: "two" is not a whole number; write digits only`,
		},
		"a number out of range": {
			"a.*", "{{random(2147483648)}}",
			`topic template "{{random(2147483648)}}": {{random(2147483648)}}: 2147483648 is out of range; the limit ` +
				`is 2147483647`,
		},
		"a separator no token contains": {
			"a.*", "{{split(1,.)}}",
			`topic template "{{split(1,.)}}": {{split(1,.)}}: the separator "." contains a space or a dot; use one ` +
				`that subject tokens can contain`,
		},
		"a separator with a space": {
			"a.*", "{{split(1,- )}}",
			`topic template "{{split(1,- )}}": {{split(1,- )}}: the separator "- " contains a space or a dot; use ` +
				`one that subject tokens can contain`,
		},
		"braces that do not close": {
			"a.*", "a-{{wildcard(1)",
			`topic template "a-{{wildcard(1)": {{wildcard(1) has no closing "}}"; add it, or write {{"{{"}} for the ` +
				`text itself`,
		},
		"a quote that does not close": {
			"a.*", `{{"a}}`, `topic template "{{\"a}}": {{"a}} has no closing quote; write {{"text"}}`,
		},
		"a star": {
			"a.*", "b.*",
			`topic template "b.*": "*" does not stand for a token here; write {{wildcard(1)}}, or {{"*"}} for the ` +
				`text itself`,
		},
		"a > before the end": {
			"a.>", "b.>.c",
			`topic template "b.>.c": ">" stands for what the filter's ">" matched at the end only; move it there, or ` +
				`write {{">"}} for the text itself`,
		},
		"a > the filter does not have": {
			"a.*", "b.>",
			`topic template "b.>": ">" has nothing to stand for: filter "a.*" does not end in ">"; write ` +
				`{{wildcard(n)}} or {{subject}}, or {{">"}} for the text itself`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile([]string{test.filter}, test.template)
			if err == nil || err.Error() != test.want {
				t.Errorf("Compile(%q, %q) = %v, want %v", test.filter, test.template, err, test.want)
			}
		})
	}
}

func TestTemplateRandomStaysInRangeAndUsesAllOfIt(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"6", "-6"} {
		template := compiled(t, "*", "{{random("+n+")}}")
		seen := map[string]bool{}
		for range 1000 {
			seen[template.Topic("x", nil)] = true
		}
		for want := range 6 {
			if !seen[strconv.Itoa(want)] {
				t.Errorf("{{random(%s)}} never gave %d in 1000 draws", n, want)
			}
		}
		if len(seen) != 6 {
			t.Errorf("{{random(%s)}} gave %d different topics, want 6", n, len(seen))
		}
	}
}

func compiled(t testing.TB, filter, template string) *Template {
	t.Helper()
	compiled, err := Compile([]string{filter}, template)
	if err != nil {
		t.Fatalf("Compile(%q, %q) = %v", filter, template, err)
	}
	return compiled
}
