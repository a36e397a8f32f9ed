// Asks an octroi sidecar. The type Octroi and its methods are for an app; the standard library is all they need.
//
//	go build ask.go   (`go run` would turn every exit code but 0 into 1)
//	./ask SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]
//	./ask marc read conversation c-1 tenant=boutiques-durand sub_account=paris-marais
//
// It prints `allow` or `deny`; of several actions, one line each. Exit code: 0 allow, 5 deny (one of them), 1 in doubt,
// 2 wrong usage. OCTROI_URL, OCTROI_TOKEN and OCTROI_TIMEOUT_MS say where, as whom, and how long to wait.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	unreachedMax = 1               // how often to ask again after a refused or broken connection
	busyMax      = 2               // how often to ask again after a 503
	waitMax      = 2 * time.Second // longest Retry-After that is waited for
	answerMax    = 4 << 20         // largest answer that is read
)

// ErrInDoubt says that there is no certain answer. Whoever asked must act as on a deny.
var ErrInDoubt = errors.New("in doubt, so denied")

// Entity is a subject or a resource.
type Entity struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Octroi asks one sidecar. One is enough for the whole app: it is safe for all goroutines and keeps connections.
type Octroi struct {
	url, token string
	client     *http.Client
}

// New asks at url; timeout is for a whole request: connecting, sending, waiting, reading.
func New(url, token string, timeout time.Duration) *Octroi {
	return &Octroi{
		url:   strings.TrimRight(url, "/"),
		token: token,
		client: &http.Client{
			Timeout: timeout,
			// A transport of our own: no proxy, and connections that end before the sidecar's 75 s do.
			Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 60 * time.Second},
			// A redirect is no decision.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// May says whether the subject may. It denies when in doubt, and logs why.
func (o *Octroi) May(ctx context.Context, subject Entity, action string, resource Entity) bool {
	allowed, err := o.Decide(ctx, subject, action, resource)
	if err != nil {
		log.Print(err)
	}
	return allowed
}

// MayEach says which of the actions the subject may, in one request: for the buttons of a page.
func (o *Octroi) MayEach(ctx context.Context, subject Entity, actions []string, resource Entity) map[string]bool {
	each, err := o.DecideEach(ctx, subject, actions, resource)
	if err != nil {
		log.Print(err)
	}
	return each
}

// Decide is May with the doubt told: it allows only without an error.
func (o *Octroi) Decide(ctx context.Context, subject Entity, action string, resource Entity) (bool, error) {
	answer, err := o.ask(ctx, "/access/v1/evaluation", map[string]any{
		"subject":  subject,
		"action":   map[string]string{"name": action},
		"resource": resource,
	})
	if err != nil {
		return false, err
	}
	return decision(answer)
}

// DecideEach is MayEach with the doubt told: it allows nothing beside an error.
func (o *Octroi) DecideEach(ctx context.Context, subject Entity, actions []string, resource Entity) (map[string]bool, error) {
	evaluations := make([]map[string]any, len(actions))
	for i, action := range actions {
		evaluations[i] = map[string]any{"action": map[string]string{"name": action}}
	}
	answer, err := o.ask(ctx, "/access/v1/evaluations", map[string]any{
		"subject":     subject,
		"resource":    resource,
		"evaluations": evaluations,
	})
	if err != nil {
		return nil, err
	}
	decisions, _ := answer["evaluations"].([]any)
	if len(decisions) != len(actions) {
		return nil, fmt.Errorf("%w: 200 without one decision for each question", ErrInDoubt)
	}
	each := make(map[string]bool, len(actions))
	for i, action := range actions {
		item, _ := decisions[i].(map[string]any)
		allowed, err := decision(item)
		if err != nil {
			return nil, err
		}
		each[action] = allowed
	}
	return each, nil
}

// decision takes true for an allow and false for a deny, nothing else: not 1, not "true", nor another spelling of the
// name, which a struct would let pass.
func decision(answer map[string]any) (bool, error) {
	allowed, ok := answer["decision"].(bool)
	if !ok {
		return false, fmt.Errorf("%w: 200 without a decision", ErrInDoubt)
	}
	return allowed, nil
}

// ask returns the answer's JSON. It asks again where that can help, which is safe: a question changes nothing.
func (o *Octroi) ask(ctx context.Context, path string, question any) (map[string]any, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInDoubt, err)
	}
	id := requestID(ctx)
	for unreached, busy := 0, 0; ; {
		status, retryAfter, answer, err := o.post(ctx, path, body, id)
		var wait time.Duration
		switch {
		case err != nil:
			unreached++
			var slow net.Error
			if unreached > unreachedMax || errors.As(err, &slow) && slow.Timeout() || ctx.Err() != nil {
				return nil, fmt.Errorf("%w: %v", ErrInDoubt, err)
			}
			wait = 100 * time.Millisecond
		case status == http.StatusOK:
			var parsed map[string]any
			if json.Unmarshal(answer, &parsed) != nil {
				return nil, fmt.Errorf("%w: 200 without a JSON object", ErrInDoubt)
			}
			return parsed, nil
		case status == http.StatusServiceUnavailable:
			busy++
			wait = 100 * time.Millisecond
			if seconds, err := strconv.ParseUint(retryAfter, 10, 31); err == nil {
				wait = time.Duration(seconds) * time.Second
			}
			if busy > busyMax || wait > waitMax {
				return nil, fmt.Errorf("%w: %d: %.300s", ErrInDoubt, status, answer)
			}
		default:
			// 400: this question is wrong. 401: the token is. Neither is mended by asking again.
			return nil, fmt.Errorf("%w: %d: %.300s", ErrInDoubt, status, answer)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %v", ErrInDoubt, ctx.Err())
		}
	}
}

func (o *Octroi) post(ctx context.Context, path string, body []byte, id string) (int, string, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-ID", id)
	if o.token != "" {
		request.Header.Set("Authorization", "Bearer "+o.token)
	}
	response, err := o.client.Do(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	// Read to its end, so that the connection can be used again.
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	return response.StatusCode, response.Header.Get("Retry-After"), answer, err
}

type requestIDKey struct{}

// WithRequestID makes questions bear the app's own id, so that both logs can be laid side by side.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestID(ctx context.Context) string {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		return id
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // an id that is no good still leaves a good answer
	return fmt.Sprintf("%x", id)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 5 {
		log.Print("usage: ask SUBJECT ACTION[,ACTION...] TYPE ID [PROPERTY=VALUE ...]")
		os.Exit(2)
	}
	timeout, err := time.ParseDuration(env("OCTROI_TIMEOUT_MS", "500") + "ms")
	if err != nil {
		log.Print("OCTROI_TIMEOUT_MS is no number")
		os.Exit(2)
	}
	octroi := New(env("OCTROI_URL", "http://127.0.0.1:8181"), os.Getenv("OCTROI_TOKEN"), timeout)
	subject := Entity{Type: "user", ID: os.Args[1]}
	resource := Entity{Type: os.Args[3], ID: os.Args[4], Properties: map[string]any{}}
	for _, property := range os.Args[5:] {
		name, value, _ := strings.Cut(property, "=")
		resource.Properties[name] = value
	}
	os.Exit(run(octroi, subject, strings.Split(os.Args[2], ","), resource))
}

func run(octroi *Octroi, subject Entity, actions []string, resource Entity) int {
	words := map[bool]string{true: "allow", false: "deny"}
	ctx := context.Background()
	if len(actions) == 1 {
		allowed, err := octroi.Decide(ctx, subject, actions[0], resource)
		fmt.Println(words[allowed])
		return exitCode(allowed, err)
	}
	each, err := octroi.DecideEach(ctx, subject, actions, resource)
	all := true
	for _, action := range actions {
		fmt.Println(action, words[each[action]])
		all = all && each[action]
	}
	return exitCode(all, err)
}

func exitCode(allowed bool, err error) int {
	switch {
	case err != nil:
		log.Print(err)
		return 1
	case allowed:
		return 0
	default:
		return 5
	}
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
