package docs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"momento-bridge/test/docs/standin"
	"momento-bridge/test/lab"
)

// Session is where the commands of one page run, one after the other.
type Session struct {
	standin.Place
	env     []string
	outside *Outside
	nats    *natsServer
	status  int // Of the last command.
}

// key is what MOMENTO_API_KEY=... stands for.
var key = base64.StdEncoding.EncodeToString([]byte(
	`{"endpoint":"cell-us-east-1-1.prod.a.momentohq.com",` +
		`"api_key":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.bm8tcmVhbC1rZXk"}`))

// NewSession makes the session of a page: its directory, which must be empty, its servers, its programs.
func NewSession(page *Page, dir, repository string, long bool) (*Session, error) {
	s := &Session{Place: standin.Place{
		Dir: dir, Checkout: filepath.Join(dir, "checkout"), Root: filepath.Join(dir, "root"),
		Repository: repository, Bridge: Bridge, Bin: Bin, Ports: map[string]int{}, Long: long,
		Machine: machineEnvironment(), Tools: Tools,
	}}
	text := page.Text + " 127.0.0.1:4222 127.0.0.1:9464 127.0.0.1:8080"
	if strings.Contains(page.typed(), "examples") {
		text += exampleText(repository)
	}
	for _, port := range standin.Addresses(text) {
		if _, ok := s.Ports[port]; !ok {
			_, mine, _ := strings.Cut(lab.FreeAddress(), ":")
			s.Ports[port], _ = strconv.Atoi(mine)
		}
	}
	for _, step := range []func(*Page) error{
		s.makeDirectories, s.startServers, s.makeFiles, s.assumeDaemon, s.assumeFor,
	} {
		if err := step(page); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Session) startServers(page *Page) (err error) {
	if s.outside, err = NewOutside(filepath.Join(s.Dir, "ca.pem")); err != nil {
		return err
	}
	empty := strings.Contains(page.Text, "nats stream add")
	if s.nats, err = startNATS(s.Port(4222), filepath.Join(s.Dir, "jetstream"), empty); err != nil {
		return err
	}
	place, err := s.Write()
	if err != nil {
		return err
	}
	proxy := "http://" + s.outside.Address
	s.env = []string{
		place, "PATH=" + s.Bin, "HOME=" + s.Root + "/root", "TMPDIR=" + s.Root + "/tmp", "LC_ALL=C.UTF-8",
		"NATS_URL=nats://127.0.0.1:" + strconv.Itoa(s.Port(4222)),
		"HTTPS_PROXY=" + proxy, "HTTP_PROXY=" + proxy, "http_proxy=" + proxy,
		"NO_PROXY=127.0.0.1,localhost", "SSL_CERT_FILE=" + s.outside.CAFile, "CURL_CA_BUNDLE=" + s.outside.CAFile,
	}
	if !strings.Contains(page.Text, "export MOMENTO_API_KEY=") {
		s.env = append(s.env, "MOMENTO_API_KEY="+key)
	}
	return nil
}

// assumeDaemon starts a daemon for a page that asks one before it starts any.
func (s *Session) assumeDaemon(page *Page) error {
	before := regexp.MustCompile(`momento-bridge (run|demo|emulator) `).Split(page.typed(), 2)[0]
	if !regexp.MustCompile(`momento-bridge (status|pause|resume|reload)|--via nats|:9464`).MatchString(before) {
		return nil
	}
	printed, status, err := s.Run("momento-bridge run -c config.yaml", "")
	if err != nil || status != 0 {
		return fmt.Errorf("the daemon that the page takes for granted: %w: status %d: %s", err, status, printed)
	}
	return nil
}

// assumeFor makes what a block that stands apart takes for granted: an emulator, reports of load tests.
func (s *Session) assumeFor(page *Page) error {
	if !page.Apart {
		return nil
	}
	typed, commands := page.typed(), []string{}
	const endpoint = "http://127.0.0.1:8080"
	if before, _, asks := strings.Cut(typed, endpoint); asks && !strings.Contains(before, "momento-bridge emulator") {
		commands = append(commands, "momento-bridge emulator")
	}
	made := map[string]bool{}
	for _, found := range report.FindAllStringSubmatch(typed, -1) {
		before, _, _ := strings.Cut(typed, found[0])
		if dir := found[1]; !made[dir] && !strings.Contains(before, "--out "+dir) {
			made[dir] = true
			commands = append(commands, "momento-bridge loadtest find --cache my-cache --region us-east-1 --out "+dir+
				" && test -s "+found[0])
		}
	}
	for _, command := range commands {
		if printed, status, err := s.Run(command, ""); err != nil || status != 0 {
			return fmt.Errorf("%s, which the page takes for granted: %w: status %d: %s", command, err, status, printed)
		}
	}
	return nil
}

// report is a load test's report, below its directory.
var report = regexp.MustCompile(`\b(\w+)/report\.json`)

// typed is the text of all blocks that are typed.
func (p *Page) typed() string {
	var text strings.Builder
	for _, b := range p.Blocks {
		if b.typed() {
			text.WriteString(b.Text)
		}
	}
	return text.String()
}

// commandsWithin is how long the commands of one block may take.
const commandsWithin = 3 * time.Minute

// Run runs a script where the one before has ended, and returns what it has printed, and its exit status.
func (s *Session) Run(script, options string) (printed string, status int, err error) {
	state := filepath.Join(s.Dir, "state")
	before := fmt.Sprintf("[ ! -e %[1]s.env ] || . %[1]s.env\ncd \"$(cat %[1]s.cwd 2>/dev/null || echo %[2]s)\"\n"+
		"trap 'docs_status=$?; set +x; export -p >%[1]s.env; pwd >%[1]s.cwd; exit $docs_status' EXIT\n",
		state, s.Checkout)
	if options == "" {
		before += fmt.Sprintf("set -a\n(exit %d)\n", s.status) // $? is that of the command before.
	} else {
		before += "set -a " + options + "\n"
	}
	script = strings.NewReplacer("MOMENTO_API_KEY=...", "MOMENTO_API_KEY="+key, "'your-key'", "'"+key+"'").
		Replace(s.In(script))
	ctx, cancel := context.WithTimeout(context.Background(), commandsWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", before+script)
	cmd.Env = s.env
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		s.status = exit.ExitCode()
		return s.Out(string(out)), s.status, nil
	}
	s.status = 0
	return s.Out(string(out)), 0, err
}

// WriteFile gives the session a file.
func (s *Session) WriteFile(name, text string) error {
	name = s.In(name)
	if !filepath.IsAbs(name) {
		dir, err := os.ReadFile(filepath.Join(s.Dir, "state.cwd"))
		if err != nil {
			dir = []byte(s.Checkout)
		}
		name = filepath.Join(strings.TrimSpace(string(dir)), name)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	if err := os.WriteFile(name, []byte(s.In(text)), 0o600); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// Close ends what still runs, as Ctrl-C does, and the servers. It is an error if something has not ended well.
func (s *Session) Close() error {
	var err error
	dirs, _ := filepath.Glob(filepath.Join(s.Dir, "running", "*"))
	for _, dir := range dirs {
		err = errors.Join(err, standin.Stop(dir))
	}
	if s.nats != nil {
		s.nats.stop()
	}
	if s.outside != nil {
		s.outside.Close()
		for _, host := range s.outside.Unknown() {
			err = errors.Join(err, fmt.Errorf("the page reaches for %s, which nobody plays", host))
		}
	}
	return err
}
