// Package docs runs what the documents show: each fenced block of README.md, SECURITY.md, CONTRIBUTING.md,
// CHANGELOG.md, and of the Markdown below docs, examples, deploy, grafana, admin, batch, bench and loadtest. A block
// without a language, of a language that is not in the table, or indented by four spaces instead of a fence, fails.
//
// # What a block says by its language
//
//	sh       commands, which are run. All of a page's blocks are one session: they share directory, files, variables
//	console  "$ command" and below it what it prints. "..." on a line of its own stands for any lines, and within
//	         a line for any text. Lines that begin with "> " go on with the command
//	yaml     a bridge configuration, whole or a part of it; a Kubernetes object; a compose file; Prometheus rules or
//	         configuration; Helm values; the content says which. Each is read as strictly as we can
//	json     one document, or one a line. What has a schema here (status, events, reports) must match it
//	conf     a configuration of nats-server, read by nats-server
//	ini      a systemd unit or drop-in
//	go       compiles: a file with a package clause, or statements
//	js, html, python, toml, promql, dockerfile, xml, csv
//	         can be parsed; where no parser is in the root module, by the long form of this test alone
//	diff     the lines without "+" are in the file that is named after "---"
//	text     neither typed nor printed: diagrams, layouts. It must not hold commands
//
// # What a comment before a block adds
//
// A comment on the line before the fence, <!-- snippet: WORDS -->, is seen by nobody who reads the page:
//
//	file=NAME       any language: the session has the block as that file from here on
//	numbers         console: a number stands for any number, but 0 only for 0
//	status=N        sh, console: the last command ends with this exit status. Without it sh wants 0, and console takes
//	                any, as what it prints says more
//	with NAME TYPE  go: a variable that the statements may use; more after commas
//	apart           sh: examples of which each block is for itself. The long form runs it as a page of its own,
//	                with an emulator at 127.0.0.1:8080 and reports of load tests where it takes them for granted;
//	                the short form looks at programs and flags
//	values          yaml: Helm values, where the content does not say so
//	in=KEY          yaml: a part of the bridge configuration, below this key
//	not run: WHY    sh, console: is not run. Programs and flags are looked at all the same, and the reason is counted
//
// # The session of a page
//
// It begins at the top of a checkout (a copy of what Git has of deploy, examples, grafana, docs and batch), with:
//
//   - NATS with JetStream at 127.0.0.1:4222, empty if the page has "nats stream add", and else with the streams ORDERS
//     (orders.>) and DEAD (dead.>);
//   - every region of Momento, played by the emulator behind a proxy and under TLS, so that the program believes to
//     talk to the region; caches exist under any name; MOMENTO_API_KEY=... and 'your-key' stand for the reader's key;
//   - config.yaml, bridge.yaml (a route of ORDERS to my-cache, dead letters to DEAD), key.txt and reader.txt, unless
//     the page makes them; a daemon with config.yaml where the page asks one before it has started any;
//   - momento-bridge of this checkout in PATH, and those programs alone that the test knows.
//
// Addresses of 127.0.0.1 and localhost, and absolute paths, are the session's own: the test replaces them on the way in
// and out. Nothing of the machine is changed, and nothing but loopback is reached.
//
// What goes on until Ctrl-C (run, demo, emulator, soak, status --watch, nats sub, compose up, port-forward, ...) is
// waited for until it works, and stays there while the next commands run, as in another terminal. At the end of the
// page, or when the same is started again, it gets SIGINT and must end as it should.
//
// # Stand-ins
//
// Programs that the machine may lack, or that would change it, are played by this test. They refuse flags that the real
// ones do not have, and what they would read must exist and make sense. Each says in package standin what it cannot
// show. The long form plays less: it has the machine's curl, and nats and helm as tools/docs pins them.
//
// Played in both forms, and shown elsewhere: kubectl and what helm does to a cluster (there is none; test/helm reads
// what is rendered into Kubernetes' types), docker and buildah (test/image builds and runs the image and the compose
// file), apt, dnf, systemctl, journalctl and sudo (test/packages runs docs/packages.md as it stands), go test, make and
// scripts (.ci/run runs them), git.
//
// # Counts
//
// go test -v prints how many blocks were run, run with a play, run by another test, or read, and which are not run and
// why.
package docs
