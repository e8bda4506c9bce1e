// Package contract holds what the controller does over HTTP against the OpenAPI document that it serves.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Load reads a document and checks that it is OpenAPI.
func Load(text []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
}

// Of every call, because any handler may fail, and of none here: that takes a fault of the program's own, which
// RouterTest.AnswersForAHandlerThatThrows plants.
const cannotBeMade = http.StatusInternalServerError
const cannotBeMadeProblem = "urn:bellwether:problem:internal-error"

// Judge says what the document and the exchanges do not agree on: what was answered and is not documented, what is
// documented and was never answered, and how the list of calls (as GET / has it) differs.
func Judge(doc *openapi3.T, exchanges []Exchange, calls []string) []string {
	j := &judge{doc: doc, seen: map[string]bool{}}
	for _, e := range exchanges {
		j.exchange = e
		j.judge()
	}
	j.exchange = Exchange{}
	for _, wanted := range j.wanted() {
		if !j.seen[wanted] {
			j.complain("documented, but never seen: %s", wanted)
		}
	}
	j.compareCalls(calls)
	return j.complaints
}

type judge struct {
	doc        *openapi3.T
	exchange   Exchange
	seen       map[string]bool // see wanted
	complaints []string
}

func (j *judge) complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if j.exchange.Method != "" {
		text = j.exchange.String() + ": " + text
	}
	j.complaints = append(j.complaints, text)
}

func (j *judge) judge() {
	e := j.exchange
	if e.Path == "" {
		j.judgeOther()
		return
	}
	item := j.doc.Paths.Value(e.Path)
	if item == nil || item.GetOperation(e.Method) == nil {
		j.complain("the document has no such call")
		return
	}
	operation := item.GetOperation(e.Method)
	// OpenAPI has no parameter of a path that may be empty, as that of a redirect may.
	if path, given := e.Params["path"]; e.Status < 400 && (path != "" || !given) {
		j.judgeRequest(item, operation)
	}
	found := operation.Responses.Status(e.Status)
	if found == nil {
		j.complain("the status is not documented")
		return
	}
	call := e.Method + " " + e.Path + " " + strconv.Itoa(e.Status)
	j.seen[call] = true
	j.judgeHeaders(found.Value.Headers)
	j.judgeBody(call, found.Value.Content)
}

// A request that was answered as asked is one that the document allows.
func (j *judge) judgeRequest(item *openapi3.PathItem, operation *openapi3.Operation) {
	request, err := j.exchange.httpRequest()
	if err != nil {
		j.complain("%v", err)
		return
	}
	known := map[string]bool{}
	for _, parameter := range append(slices.Clone(item.Parameters), operation.Parameters...) {
		known[parameter.Value.Name] = true
	}
	// HEAD takes what GET takes, OPTIONS does not look at the query, that of a redirect is the leader's.
	if j.exchange.Method == http.MethodGet && !strings.HasSuffix(j.exchange.Path, "/redirect/{path}") {
		for name := range request.URL.Query() {
			if !known[name] {
				j.complain("the parameter %q is not documented", name)
			}
		}
	}
	err = openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: request, PathParams: j.exchange.Params,
		Route: &routers.Route{Spec: j.doc, Path: j.exchange.Path, PathItem: item, Method: j.exchange.Method, Operation: operation},
	})
	if err != nil {
		j.complain("the request: %v", err)
	}
}

// Fields that every answer may have.
var ofHTTP = []string{"Date", "Content-Length", "Content-Type", "Connection", "X-Content-Type-Options"}

func (j *judge) judgeHeaders(headers openapi3.Headers) {
	for name, header := range headers {
		values := j.exchange.Answer.Values(name)
		switch {
		case len(values) > 1:
			j.complain("%s comes %d times", name, len(values))
		case len(values) == 1:
			if err := header.Value.Schema.Value.VisitJSON(decoded(header.Value.Schema.Value, values[0])); err != nil {
				j.complain("%s: %v", name, err)
			}
			j.seen["header "+name] = true
		case header.Value.Required:
			j.complain("%s is missing", name)
		}
	}
	if j.exchange.Answer.Get("X-Content-Type-Options") != "nosniff" {
		j.complain("X-Content-Type-Options is missing")
	}
	for name := range j.exchange.Answer {
		documented := slices.ContainsFunc(slices.Collect(maps.Keys(headers)), func(h string) bool { return strings.EqualFold(h, name) })
		if !documented && !slices.Contains(ofHTTP, name) {
			j.complain("the field %s is not documented", name)
		}
	}
}

// decoded is the value of a header as JSON has it.
func decoded(schema *openapi3.Schema, text string) any {
	var value any
	if !schema.Type.Is("string") && json.Unmarshal([]byte(text), &value) == nil {
		return value
	}
	return text
}

func (j *judge) judgeBody(call string, content openapi3.Content) {
	given := j.exchange.Answer.Get("Content-Type")
	if len(content) == 0 {
		if given != "" || len(j.exchange.Body) > 0 {
			j.complain("no content is documented, and there is %q: %.100q", given, j.exchange.Body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(given)
	if err != nil || content[kind] == nil {
		j.complain("the content type %q is not documented", given)
		return
	}
	j.seen[call+" "+kind] = true
	if j.exchange.Method == http.MethodHead {
		if len(j.exchange.Body) > 0 {
			j.complain("a body")
		}
		return
	}
	schema := content[kind].Schema
	switch kind {
	case "application/json", "application/problem+json":
		j.judgeJSON(schema, j.exchange.Body)
	case "application/yaml":
		if _, err := Load(j.exchange.Body); err != nil {
			j.complain("%v", err)
		}
	case "text/event-stream":
		j.judgeEvents(call, content[kind])
	default:
		if err := schema.Value.VisitJSON(string(j.exchange.Body)); err != nil {
			j.complain("the text: %v", err)
		}
	}
}

func (j *judge) judgeJSON(schema *openapi3.SchemaRef, text []byte) {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		j.complain("%v: %.200q", err, text)
		return
	}
	if err := schema.Value.VisitJSON(value, openapi3.VisitAsResponse()); err != nil {
		j.complain("the body: %v", err)
		return
	}
	if object, ok := value.(map[string]any); ok && object["title"] != nil {
		j.seen[fmt.Sprintf("problem %v", object["type"])] = true
		if object["status"] != float64(j.exchange.Status) {
			j.complain("the problem's status is %v", object["status"])
		}
	}
	j.note(schema, value)
}

// note remembers which members of the named schemas have been seen.
func (j *judge) note(schema *openapi3.SchemaRef, value any) {
	for _, parts := range []openapi3.SchemaRefs{schema.Value.AllOf, schema.Value.OneOf} {
		for _, part := range parts {
			if part.Value.VisitJSON(value) == nil {
				j.note(part, value)
			}
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if property := schema.Value.Properties[name]; property != nil {
				if schema.Ref != "" {
					j.seen["member "+schema.Ref+" "+name] = true
				}
				j.note(property, member)
			}
		}
	case []any:
		for _, item := range value {
			j.note(schema.Value.Items, item)
		}
	}
}

// events of a stream: by name, the schema of their data.
func (j *judge) events(stream *openapi3.MediaType) map[string]*openapi3.SchemaRef {
	events := map[string]*openapi3.SchemaRef{}
	text, _ := json.Marshal(stream.Extensions["x-events"])
	var refs map[string]struct {
		Ref string `json:"$ref"`
	}
	_ = json.Unmarshal(text, &refs)
	for name, ref := range refs {
		schema := j.doc.Components.Schemas[strings.TrimPrefix(ref.Ref, "#/components/schemas/")]
		if schema == nil {
			j.complain("x-events has no schema for %q", name)
			continue
		}
		events[name] = openapi3.NewSchemaRef(ref.Ref, schema.Value)
	}
	return events
}

func (j *judge) judgeEvents(call string, stream *openapi3.MediaType) {
	documented := j.events(stream)
	events, err := Events(j.exchange.Body)
	if err != nil {
		j.complain("%v", err)
	}
	for _, event := range events {
		if documented[event.Name] == nil {
			j.complain("the event %q is not documented", event.Name)
			continue
		}
		j.seen[call+" event "+event.Name] = true
		j.judgeJSON(documented[event.Name], []byte(event.Data))
	}
}

// otherRequests of the document: by the code of the problem, the status.
func (j *judge) otherRequests() map[string]int {
	text, _ := json.Marshal(j.doc.Extensions["x-other-requests"])
	var others map[string]struct{ Status int }
	_ = json.Unmarshal(text, &others)
	statuses := map[string]int{}
	for code, other := range others {
		statuses[code] = other.Status
	}
	return statuses
}

func (j *judge) judgeOther() {
	var problem struct{ Type string }
	_ = json.NewDecoder(bytes.NewReader(j.exchange.Body)).Decode(&problem)
	code := strings.TrimPrefix(problem.Type, "urn:bellwether:problem:")
	if status, known := j.otherRequests()[code]; !known || status != j.exchange.Status {
		j.complain("%q is not documented for a request that is no call", problem.Type)
		return
	}
	j.seen["other request: "+code] = true
	j.judgeJSON(openapi3.NewSchemaRef("#/components/schemas/Problem", j.doc.Components.Schemas["Problem"].Value), j.exchange.Body)
}

// wanted is all that the document promises.
func (j *judge) wanted() []string {
	var wanted []string
	for path, item := range j.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if status == strconv.Itoa(cannotBeMade) {
					continue
				}
				call := method + " " + path + " " + status
				wanted = append(wanted, call)
				for kind, content := range response.Value.Content {
					wanted = append(wanted, call+" "+kind)
					if method == http.MethodHead {
						continue
					}
					for event := range j.events(content) {
						wanted = append(wanted, call+" event "+event)
					}
				}
				for header := range response.Value.Headers {
					wanted = append(wanted, "header "+header)
				}
			}
		}
	}
	for name, schema := range j.doc.Components.Schemas {
		for member := range schema.Value.Properties {
			wanted = append(wanted, "member #/components/schemas/"+name+" "+member)
		}
	}
	for _, kind := range j.doc.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum {
		if kind != cannotBeMadeProblem {
			wanted = append(wanted, fmt.Sprintf("problem %v", kind))
		}
	}
	for code := range j.otherRequests() {
		wanted = append(wanted, "other request: "+code)
	}
	slices.Sort(wanted)
	return slices.Compact(wanted)
}

// What "ANY" in the list of calls stands for, and what goes with GET.
var anyMethod = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}
var withGet = []string{"GET", "HEAD", "OPTIONS"}

// compareCalls with the list that GET / gives, such as "GET /v1/watch[?namespace=&index=]", which does not name itself.
func (j *judge) compareCalls(calls []string) {
	listed := map[string]bool{"GET /": true, "HEAD /": true, "OPTIONS /": true}
	for _, call := range calls {
		method, rest, _ := strings.Cut(call, " ")
		path, query, _ := strings.Cut(strings.TrimSuffix(rest, "]"), "[?")
		path = strings.ReplaceAll(path, "...}", "}")
		methods := []string{method, "OPTIONS"}
		switch method {
		case "ANY":
			methods = anyMethod
		case "GET":
			methods = withGet
		}
		for _, method := range methods {
			listed[method+" "+path] = true
		}
		if item := j.doc.Paths.Value(path); item != nil && item.GetOperation(methods[0]) != nil {
			j.compareQuery(call, query, item.GetOperation(methods[0]))
		}
	}
	for path, item := range j.doc.Paths.Map() {
		for method := range item.Operations() {
			if !listed[method+" "+path] {
				j.complain("documented, but not in the list of calls: %s %s", method, path)
			}
			delete(listed, method+" "+path)
		}
	}
	for call := range listed {
		j.complain("in the list of calls, but not documented: %s", call)
	}
}

func (j *judge) compareQuery(call, query string, operation *openapi3.Operation) {
	var documented, listed []string
	for _, parameter := range operation.Parameters {
		if parameter.Value.In == openapi3.ParameterInQuery {
			documented = append(documented, parameter.Value.Name)
		}
	}
	for name := range strings.SplitSeq(query, "&") {
		if name != "" {
			listed = append(listed, strings.TrimSuffix(name, "="))
		}
	}
	slices.Sort(documented)
	slices.Sort(listed)
	if !slices.Equal(documented, listed) {
		j.complain("%s: the document has the parameters %v", call, documented)
	}
}
