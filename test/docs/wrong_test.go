package docs

import (
	"path/filepath"
	"strings"
	"testing"
)

// wrong are snippets as somebody may write them, and what is said of each. ”' stands for a fence.
var wrong = map[string]struct{ snippet, told string }{
	"a command that does not exist":    {"'''sh\nmomento-bridge start\n'''", `unknown command "start"`},
	"a flag that does not exist":       {"'''sh\nmomento-bridge check --conf config.yaml\n'''", "unknown flag: --conf"},
	"a flag's value":                   {"'''sh\nmomento-bridge run --subject a --cache c --region us-west-9\n'''", "unknown region"},
	"a flag of a load test":            {"'''sh\nmomento-bridge loadtest rate --rate fast --cache c\n'''", `invalid argument "fast"`},
	"a file that is not there":         {"'''sh\nmomento-bridge check -c other.yaml\n'''", "other.yaml"},
	"an exit status":                   {"'''sh\nfalse\n'''", "status 1, not 0"},
	"an exit status that is not said":  {"<!-- snippet: status=2 -->\n'''sh\ntrue\n'''", "status 0, not 2"},
	"a program that nobody knows":      {"'''sh\nfrobnicate\n'''", "status 127"},
	"a program in a block not run":     {"<!-- snippet: not run: so -->\n'''sh\nfrobnicate --now\n'''", "not known"},
	"a flag in a block not run":        {"<!-- snippet: not run: so -->\n'''sh\nmomento-bridge run --stream-name S\n'''", "unknown flag"},
	"not run without a reason":         {"<!-- snippet: not run: -->\n'''sh\ntrue\n'''", "needs a reason"},
	"an unknown word in a comment":     {"<!-- snippet: fuzzy -->\n'''sh\ntrue\n'''", `does not know "fuzzy"`},
	"what is printed":                  {"'''console\n$ momento-bridge regions\n...\nmars-east-1\n...\n'''", `did not print "mars-east-1"`},
	"what is lost":                     {"<!-- snippet: numbers -->\n'''console\n$ echo published=5 lost=1\npublished=7 lost=0\n'''", "did not print"},
	"more is printed than is shown":    {"'''console\n$ echo one; echo two\none\n'''", "did not print"},
	"output without a command":         {"'''console\npublished=1\n'''", "begins with"},
	"a block without a language":       {"'''\ntrue\n'''", `no rule for language ""`},
	"an unknown language":              {"'''cobol\ntrue\n'''", `no rule for language "cobol"`},
	"a block without an end":           {"'''sh\ntrue\n", "has no end"},
	"code by indentation":              {"so:\n\n    momento-bridge demo\n", "use a fence"},
	"a command in a block of text":     {"'''text\n$ momento-bridge demo\n'''", "a command in a block of text"},
	"a key of the configuration":       {"'''yaml\nmomento: {regin: us-east-1}\n'''", "unknown key \"regin\""},
	"a key of a route":                 {"'''yaml\nordering: topic\nlingers: 5ms\n'''", "neither a bridge configuration"},
	"a value of the configuration":     {"'''yaml\nroutes: [{name: a, ordering: some}]\n'''", "ordering"},
	"a key that is there twice":        {"'''yaml\nlimits: {rate: 5}\nlimits: {burst: 5}\n'''", "limits"},
	"a key below the wrong section":    {"<!-- snippet: in=limits -->\n'''yaml\nstream: ORDERS\n'''", "stream"},
	"a configuration in a ConfigMap":   {"'''yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  config.yaml: |\n    routs: []\n'''", "routs"},
	"a Kubernetes object without name": {"'''yaml\napiVersion: v1\nkind: Secret\n'''", "metadata.name"},
	"a key of a compose file":          {"'''yaml\nservices:\n  a: {imagee: b}\n'''", "compose files do not have"},
	"a rule without an expression":     {"'''yaml\ngroups: [{name: a, rules: [{alert: B}]}]\n'''", "without expr"},
	"JSON with a comma too many":       {"'''json\n{\"a\": 1,}\n'''", "not JSON"},
	"a status that is none":            {"'''json\n{\"verdict\": \"fine\", \"routes\": []}\n'''", "not as the status"},
	"an event without an id":           {"'''json\n{\"specversion\": \"1.0\", \"source\": \"a\", \"type\": \"b\"}\n'''", "without id"},
	"a setting of nats-server":         {"'''conf\njetstrem { max_mem: 1G }\n'''", "nats-server does not take it"},
	"a setting before a section":       {"'''ini\nUser=nobody\n[Service]\n'''", "before any section"},
	"a function that does not exist":   {"'''go\nm, err := batch.Divide(nil)\n'''", "undefined: batch.Divide"},
	"a Go variable from nowhere":       {"'''go\nm, err := batch.Unpack(data, 0)\n'''", "undefined: data"},
	"a line of a patch":                {"'''diff\n--- a/Makefile\n-all: nothing\n'''", "the file does not have"},
	"a subject that no stream takes":   {"'''sh\nnats stream info ORDER\n'''", "stream not found"},
	"a flag of nats":                   {"'''sh\nnats pub orders.a hello --headers A:1\n'''", "unknown flag --headers"},
	"a question that nats would ask":   {"'''sh\nnats stream purge ORDERS\n'''", "unless there is -f"},
	"a flag of curl":                   {"'''sh\ncurl --silence http://127.0.0.1:9464/\n'''", "--silence"},
	"a server that nobody started":     {"'''sh\ncurl -sS http://127.0.0.1:7777/\n'''", "status 7"},
	"a manifest that is not there":     {"'''sh\nkubectl apply -f deploy/none.yaml\n'''", "none.yaml"},
	"a flag behind kubectl exec":       {"'''sh\nkubectl exec deploy/momento-bridge -- momento-bridge status --jsn\n'''", "--jsn"},
	"a command of docker":              {"'''sh\ndocker runn momento-bridge\n'''", "no such command"},
	"a flag behind an image":           {"'''sh\ndocker run --rm momento-bridge demo --durations 5s\n'''", "--durations"},
	"a chart that is not there":        {"'''sh\nhelm install bridge deploy/helm/none\n'''", "the chart"},
	"a unit that is not ours":          {"'''sh\nsudo systemctl restart bridge\n'''", "there is no unit bridge"},
	"a verb of systemctl":              {"'''sh\nsystemctl relod momento-bridge\n'''", "no such command"},
	"a package of others":              {"'''sh\nsudo apt-get install ./bridge.deb\n'''", "no package of ours"},
	"a target of make":                 {"'''sh\nmake everything\n'''", "there is no target everything"},
	"a package of Go":                  {"'''sh\ngo test ./none/...\n'''", "there is no package ./none/..."},
	"a script":                         {"'''sh\nbash .ci/none\n'''", "no such script"},
	"a host that nobody plays":         {"'''sh\ncurl -s https://example.com/\n'''", "example.com, which nobody plays"},
	"a daemon that ends badly":         {"'''sh\nmomento-bridge run --subject a.b --cache c --region us-east-1 --admin-listen 127.0.0.1:4222\n'''", "address already in use"},
}

func TestWrongSnippetsAreRefused(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range wrong {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := ParsePage("page.md", strings.ReplaceAll(test.snippet, "'''", "```"))
			if err == nil {
				err = page.Run(t.TempDir(), root, false, &Tally{Ways: map[string]int{}, Played: map[string]int{}})
			}
			if err == nil || !strings.Contains(err.Error(), test.told) {
				t.Errorf("not told: %q, but: %v", test.told, err)
			}
		})
	}
}

func TestRightSnippetsAreTaken(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, snippet := range map[string]string{
		"variables, directory and files last for the page": "'''sh\nmkdir a && cd a\nNAME=b\ncat > c <<END\nhello\nEND\n'''\n" +
			"'''console\n$ cat c; echo $NAME\nhello\nb\n'''",
		"the exit status of the command before": "'''console\n$ false\n$ echo $?\n1\n'''",
		"two daemons beside each other": "'''sh\nmomento-bridge run -c config.yaml\n" +
			"momento-bridge run -c config.yaml --admin-listen 127.0.0.1:9465\n" +
			"momento-bridge status --admin 127.0.0.1:9465 --json | grep -c verdict\nmomento-bridge status --json | grep -c verdict\n'''",
		"a message arrives in the region": "'''sh\nmomento-bridge run -c config.yaml\nnats pub orders.berlin hello\n" +
			"momento-bridge canary -c config.yaml\n" +
			"curl -s -H \"Authorization: $MOMENTO_API_KEY\" " +
			"https://api.cache.cell-us-east-1-1.prod.a.momentohq.com/topics/my-cache/orders-berlin | grep -c aGVsbG8\n'''",
		"absolute paths are the session's": "'''sh\ncp config.yaml /etc/momento-bridge/config.yaml\n" +
			"momento-bridge check -c /etc/momento-bridge/config.yaml\nls /etc/momento-bridge\n'''",
		"the configuration of an example": "'''yaml\nbatch: {format: packed}\ncarry: [subject]\n'''\n'''yaml\n- {name: a, subject: b}\n'''",
		"a file for what follows": "<!-- snippet: file=c.yaml -->\n'''yaml\nmomento: {region: us-east-1}\n" +
			"routes: [{name: a, subject: b, cache: c}]\n'''\n'''sh\nmomento-bridge check -c c.yaml\n'''",
		"columns and numbers": "<!-- snippet: numbers -->\n'''console\n$ printf 'a     12.5 ms  lost=0\\n'\na  1.43 s   lost=0\n'''",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := ParsePage("page.md", strings.ReplaceAll(snippet, "'''", "```"))
			if err == nil {
				err = page.Run(t.TempDir(), root, false, &Tally{Ways: map[string]int{}, Played: map[string]int{}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
