// Command screenshots causes the states that people should know the status page in, and takes its pictures: light and
// dark, wide and narrow. It wants Chromium.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"momento-bridge/test/browser/show"
	"momento-bridge/test/lab"
)

// scene is a state with what causes it.
type scene struct {
	name   string
	config show.Config
	feeds  map[string]float64
	state  string // That the daemon must be in.
}

var scenes = []scene{
	{
		name: "running", config: show.Config{Caches: []string{"shop", "audit"}},
		feeds: map[string]float64{"orders": 40, "prices": 25, "audit": 4}, state: "publishing",
	},
	{
		name: "throttled", config: show.Config{Caches: []string{"shop", "audit"}, Rate: 20, Orders: 2500},
		feeds: map[string]float64{"orders": 5, "prices": 4, "audit": 0.5}, state: "throttled",
	},
	{
		name: "parked", config: show.Config{Caches: []string{"shop"}},
		feeds: map[string]float64{"orders": 40, "prices": 25, "audit": 4}, state: "parked",
	},
}

func main() {
	root := flag.String("root", "../..", "the repository")
	history := flag.Duration("history", 105*time.Second, "how long each daemon runs before its picture is taken")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *root, *history); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, history time.Duration) error {
	rig, err := lab.New(ctx, root)
	if err != nil {
		return err
	}
	defer rig.Stop()
	shows := make([]*show.Show, len(scenes))
	var feeding sync.WaitGroup
	feed, stopFeeding := context.WithCancel(ctx)
	defer feeding.Wait()
	defer stopFeeding()
	for i, s := range scenes {
		if shows[i], err = show.Start(ctx, rig, s.config); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer shows[i].Close()
		for subject, perSecond := range s.feeds {
			feeding.Go(func() { _, _ = shows[i].Feed(feed, subject, perSecond, 0.4) })
		}
	}
	fmt.Printf("%d daemons run for %v\n", len(scenes), history)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(history):
	}
	return take(ctx, shows, filepath.Join(root, "docs", "images"))
}

// take takes all pictures of all daemons.
func take(ctx context.Context, shows []*show.Show, to string) error {
	tab, stop, err := show.Chrome(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for i, s := range scenes {
		status, err := shows[i].Status()
		if err != nil {
			return err
		}
		if status.State != s.state {
			return fmt.Errorf("the daemon of the scene %s is %s: %s", s.name, status.State, status.Summary)
		}
		for _, scheme := range []string{"light", "dark"} {
			if err := shoot(tab, shows[i].Admin, 1280, scheme,
				filepath.Join(to, "status-"+s.name+"-"+scheme+".png")); err != nil {
				return err
			}
			if s.name != "throttled" {
				continue
			}
			if err := shoot(tab, shows[i].Admin, 360, scheme,
				filepath.Join(to, "status-narrow-"+scheme+".png")); err != nil {
				return err
			}
			if err := crop(filepath.Join(to, "status-throttled-"+scheme+".png"),
				filepath.Join(to, "status-top-"+scheme+".png"), topOf); err != nil {
				return err
			}
		}
	}
	return nil
}

// shoot writes a picture of the whole page, once it is live and its charts are drawn.
func shoot(tab context.Context, url string, width int64, scheme, path string) error {
	if err := show.Look(tab, width, 900, scheme); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("open %s: %w", url, err)
	}
	live := `document.getElementById('live').dataset.live === 'yes' && document.querySelectorAll('canvas').length === 4`
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](live, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		return fmt.Errorf("%s is not live: %w", url, err)
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return fmt.Errorf("take %s: %w", path, err)
	}
	small, err := shrink(picture)
	if err != nil {
		return fmt.Errorf("shrink %s: %w", path, err)
	}
	fmt.Printf("%s: %d KiB\n", filepath.Base(path), len(small)>>10)
	return os.WriteFile(path, small, 0o644)
}
