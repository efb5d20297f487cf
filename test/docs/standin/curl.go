package standin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// curlProgram does one request at a time, by Go's client.
func curlProgram() program {
	return program{
		cannot: "what curl prints of errors and progress; the long form of the test runs the real one",
		commands: []command{{
			flags: "s silent S show-error f fail fail-with-body i include o= output= O remote-name L location " +
				"N no-buffer " +
				"k insecure v verbose H= header= X= request= d= data= data-binary= data-raw= u= user= w= write-out= " +
				"m= max-time= cacert= cert= key= unix-socket= I head G get retry= proxy=",
			least: 1, most: 4, run: curl,
		}},
	}
}

func curl(c *call) error {
	client := &http.Client{Timeout: time.Minute}
	if !c.has("-L") && !c.has("--location") {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	if limit := c.flag("-m", "--max-time"); limit != "" {
		if seconds, err := time.ParseDuration(limit + "s"); err == nil {
			client.Timeout = seconds
		}
	}
	for _, url := range c.args {
		if !strings.Contains(url, "://") {
			url = "http://" + url
		}
		if err := curlOne(c, client, url); err != nil {
			return err
		}
	}
	return nil
}

func curlOne(c *call, client *http.Client, url string) error {
	req, err := curlRequest(c, url)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Fprintf(os.Stderr, "curl: (7) %v\n", err)
		return statusError(7)
	}
	defer resp.Body.Close()
	if (c.has("-f") || c.has("--fail")) && resp.StatusCode >= 400 {
		fmt.Fprintf(os.Stderr, "curl: (22) The requested URL returned error: %d\n", resp.StatusCode)
		return statusError(22)
	}
	var out bytes.Buffer
	if c.has("-i") || c.has("--include") || c.has("-I") || c.has("--head") {
		fmt.Fprintf(&out, "%s %s\r\n", resp.Proto, resp.Status)
		_ = resp.Header.Write(&out)
		out.WriteString("\r\n")
	}
	if _, err := io.Copy(&out, resp.Body); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	file := c.flag("-o", "--output")
	if c.has("-O") || c.has("--remote-name") {
		file = url[strings.LastIndex(url, "/")+1:]
	}
	if file != "" {
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	} else {
		fmt.Printf("%s", out.Bytes())
	}
	if form := c.flag("-w", "--write-out"); form != "" {
		fmt.Print(strings.NewReplacer("%{http_code}", strconv.Itoa(resp.StatusCode), `\n`, "\n").Replace(form))
	}
	return nil
}

func curlRequest(c *call, url string) (*http.Request, error) {
	method, body := http.MethodGet, ""
	for _, name := range []string{"-d", "--data", "--data-raw", "--data-binary"} {
		for _, data := range c.flags[name] {
			if file, ok := strings.CutPrefix(data, "@"); ok && name != "--data-raw" {
				text, err := read(file)
				if err != nil {
					return nil, err
				}
				data = text
			}
			method, body = http.MethodPost, body+data
		}
	}
	if c.has("-I") || c.has("--head") {
		method = http.MethodHead
	}
	if given := c.flag("-X", "--request"); given != "" {
		method = given
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body)) //nolint:noctx // The client has a time limit.
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, name := range []string{"-H", "--header"} {
		for _, header := range c.flags[name] {
			key, value, ok := strings.Cut(header, ":")
			if !ok {
				return nil, fmt.Errorf("a header without a colon: %s", header)
			}
			req.Header.Set(key, strings.TrimSpace(value))
		}
	}
	if user := c.flag("-u", "--user"); user != "" {
		name, password, _ := strings.Cut(user, ":")
		req.SetBasicAuth(name, password)
	}
	return req, nil
}

// read reads a file, or standard input for "-".
func read(file string) (string, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(os.Stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("read: %w", err)
	}
	return string(text), nil
}
