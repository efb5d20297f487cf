package standin

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

const runFlags = "rm d detach i t p= publish= v= volume= mount= e= env= env-file= name= network= user= u= " +
	"read-only tmpfs= " +
	"memory= m= cap-drop= security-opt= init restart= entrypoint= stop-timeout= platform= add-host= health-cmd= " +
	"pull= cpus= q"

// dockerProgram looks at what would be built and run. The arguments behind an image are the program's: it reads them.
func dockerProgram() program {
	commands := []command{
		{words: "run", flags: runFlags, least: 1, most: 1, rest: true, run: containerRun},
		{
			words: "build", flags: "t= tag= f= file= build-arg= platform= target= load push pull no-cache",
			least: 1, most: 1, run: imageBuild,
		},
		{
			words: "buildx build",
			flags: "t= tag= f= file= build-arg= platform= target= load push o= output= provenance= sbom=",
			least: 1, most: 1, run: imageBuild,
		},
		{
			words: "exec", flags: "i t u= user=",
			least: 1, most: 1, rest: true, run: func(c *call) error { return c.bridgeWords(c.rest) },
		},
		{words: "logs", flags: "f follow tail= since=", least: 1, most: 1},
		{words: "inspect", flags: "f= format=", least: 1, most: 1},
		{words: "image inspect", flags: "f= format=", least: 1, most: 1},
		{words: "image ls", most: 1},
		{words: "images", most: 1},
		{words: "load", flags: "i= input="},
		{words: "pull", flags: "platform=", least: 1, most: 1},
		{words: "push", least: 1, most: 1},
		{words: "tag", least: 2, most: 2},
		{words: "stop", flags: "t= time=", least: 1, most: 1},
		{words: "rm", flags: "f force v", least: 1, most: 1},
		{words: "kill", flags: "s= signal=", least: 1, most: 1},
		{words: "ps", flags: "a"},
		{words: "network create", least: 1, most: 1},
		{words: "volume create", least: 1, most: 1},
	}
	for _, verb := range []string{
		"up", "down", "ps", "logs", "exec", "restart", "stop", "start", "build",
		"pull", "config", "kill", "run",
	} {
		inside := verb == "exec" || verb == "run" // What follows the service runs there.
		least := 0
		if inside {
			least = 1
		}
		commands = append(commands, command{
			words: "compose " + verb, rest: inside, least: least,
			flags: "f= file= p= project-name= profile= build d detach wait v " +
				"volumes follow no-deps scale= s= signal= T quiet t= timeout= rm remove-orphans force-recreate pull= q",
			most: -1, run: composeRun,
		})
	}
	return program{
		cannot: "containers: test/image builds the image and runs the program in it", flags: "f= file= p= profile=",
		commands: commands,
	}
}

func buildahProgram() program {
	return program{
		cannot: "images, as for docker",
		flags:  "storage-driver= root= runroot=",
		commands: []command{
			{
				words: "build",
				flags: "t= tag= f= file= build-arg= platform= manifest= isolation= timestamp= layers " +
					"squash format= iidfile= annotation=",
				least: 1, most: 1, run: imageBuild,
			},
			{words: "bud", flags: "t= tag= f= file= build-arg= platform=", least: 1, most: 1, run: imageBuild},
			{words: "push", least: 1, most: 2},
			{words: "from", least: 1, most: 1},
			{
				words: "run", flags: "isolation=",
				least: 1, most: 1, rest: true, run: func(c *call) error { return c.bridgeWords(c.rest) },
			},
			{words: "inspect", flags: "type= format= f=", least: 1, most: 1},
			{words: "images"},
			{words: "manifest inspect", least: 1, most: 1},
			{words: "manifest push", flags: "all", least: 1, most: 2},
		},
	}
}

func imageBuild(c *call) error {
	file := cmpOr(c.flag("-f", "--file"), filepath.Join(c.args[0], "Dockerfile"))
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("what is to be built: %w", err)
	}
	return nil
}

// containerRun looks at the files that are brought in, and at the program's arguments.
func containerRun(c *call) error {
	for _, name := range []string{"-v", "--volume"} {
		for _, volume := range c.flags[name] {
			from, _, _ := strings.Cut(volume, ":")
			if !strings.ContainsAny(from, "/.") {
				continue // A volume with a name.
			}
			if _, err := os.Stat(from); err != nil {
				return fmt.Errorf("%s %s: %w", name, volume, err)
			}
		}
	}
	if file := c.flag("--env-file"); file != "" {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("--env-file: %w", err)
		}
	}
	if !strings.Contains(c.args[0], "momento-bridge") || len(c.rest) == 0 {
		return nil
	}
	return c.bridgeArguments(c.rest)
}

// bridgeWords looks at a command in a container or a pod, which is the program's.
func (p *Place) bridgeWords(words []string) error {
	if len(words) == 0 {
		return errors.New("there is no command")
	}
	if filepath.Base(words[0]) != "momento-bridge" {
		return fmt.Errorf("the image has no %s", words[0])
	}
	return p.bridgeArguments(words[1:])
}

// bridgeArguments has the program read its flags, and do nothing.
func (p *Place) bridgeArguments(args []string) error {
	said, err := exec.Command(p.Bridge, append(append([]string{}, args...), "--help")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// composeRun looks at the compose file.
func composeRun(c *call) error {
	file := c.flag("-f", "--file")
	for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yml"} {
		if _, err := os.Stat(name); err == nil && file == "" {
			file = name
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("compose: %w", err)
	}
	var compose struct {
		Services map[string]any `yaml:"services"`
	}
	if err := yaml.Load(text, &compose); err != nil {
		return fmt.Errorf("compose: %w", err)
	}
	if len(compose.Services) == 0 {
		return fmt.Errorf("%s has no services", file)
	}
	c.args = append(c.args, c.rest...)
	if len(c.args) > 0 {
		if _, ok := compose.Services[c.args[0]]; !ok {
			return fmt.Errorf("%s has no service %s", file, c.args[0])
		}
		if len(c.args) > 1 && c.args[1] == "momento-bridge" {
			return c.bridgeWords(c.args[1:])
		}
	}
	return nil
}
