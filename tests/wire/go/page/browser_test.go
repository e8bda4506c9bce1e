package page

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// One browser for all tests; each has a tab with a profile of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("no chromium on the PATH; ./run setup installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		// A container's root may not make the sandbox's namespaces; what is shown is our own page.
		chromedp.NoSandbox)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	stopBrowser = func() { _ = chromedp.Cancel(ctx); stop() }
	_, err := chromedp.Run(ctx, chromedp.Evaluate[int]("1")) // starts it
	return ctx, err
})

var stopBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopBrowser()
	os.Exit(code)
}

// tab shows the page as a person sees it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mutex  sync.Mutex // guards what follows
	faults []string   // exceptions, errors on the console, what the page's policy blocked
}

// newTab does not show anything yet. Whatever the browser complains about fails the test, unless the test takes it.
func newTab(t *testing.T) *tab {
	t.Helper()
	parent, err := browser()
	if err != nil {
		cluster.Skip(t, err.Error())
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		if t.Failed() {
			b.shot("failed-" + strings.ReplaceAll(t.Name(), "/", "-"))
			t.Logf("the page's text:\n%s", b.text("body"))
		}
		cancel()
		for _, fault := range b.takeFaults() {
			t.Errorf("the browser complains: %s", fault)
		}
	})
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			// That a connection failed is the test's doing.
			if (message.Type == chromedp.ConsoleError || message.IsException()) && message.Source != "network" {
				b.fault(message.Text)
			}
		}
	}()
	b.size(1280, 900)
	return b
}

func (b *tab) fault(text string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.faults = append(b.faults, text)
}

func (b *tab) takeFaults() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	faults := b.faults
	b.faults = nil
	return faults
}

// run runs one action of the browser, for a minute at most.
func run[T any](b *tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	return chromedp.Run(ctx, action)
}

func (b *tab) do(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if _, err := run(b, action); err != nil {
		b.t.Fatal(err)
	}
}

// tell runs a command of the browser's protocol.
func tell[P, R any](b *tab, command cdp.Command[P, R], parameters P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, parameters); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(url string)          { b.t.Helper(); b.do(chromedp.Navigate(url)) }
func (b *tab) size(width, height int64) { b.t.Helper(); b.do(chromedp.EmulateViewport(width, height)) }

// beforeThePage runs a script in each document before its own.
func (b *tab) beforeThePage(script string) {
	b.t.Helper()
	tell(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// is what a JavaScript expression of the page gives.
func is[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits until a JavaScript expression is true.
func (b *tab) until(expression string) {
	b.t.Helper()
	cluster.Eventually(b.t, time.Minute, expression, func() error {
		value, err := run(b, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && !value {
			err = errors.New("it is not so")
		}
		return err
	})
}

// text of what a selector finds first, as a person sees it; "" for nothing.
func (b *tab) text(selector string) string {
	text, err := run(b, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector)))
	if err != nil {
		return err.Error()
	}
	return text
}

// untilText waits until what a selector finds first shows this.
func (b *tab) untilText(selector, want string) {
	b.t.Helper()
	cluster.Eventually(b.t, time.Minute, fmt.Sprintf("%s shows %q", selector, want), func() error {
		if got := b.text(selector); !strings.Contains(got, want) {
			return fmt.Errorf("it shows %q", got)
		}
		return nil
	})
}

// press presses keys one after the other; kb names the special ones.
func (b *tab) press(keys string) { b.t.Helper(); b.do(chromedp.KeyEvent(keys)) }

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// media chooses what CSS asks for, such as prefers-color-scheme: dark.
func (b *tab) media(name, value string) {
	b.t.Helper()
	tell(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
}

// shot keeps a picture of what is seen, where BELLWETHER_SCREENSHOTS names a folder.
func (b *tab) shot(name string) {
	folder := os.Getenv("BELLWETHER_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := run(b, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// rows are the elections that are shown, from the first to the last.
func (b *tab) rows() []string {
	return is[[]string](b, "[...document.querySelectorAll('#rows .open')].map((button) => button.dataset.election)")
}
