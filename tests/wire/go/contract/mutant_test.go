package contract

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// A mutant is the document bent, or what was seen: each must be noticed.
type mutant struct {
	name string
	bend func(doc *openapi3.T, seen *observed)
	want string // a part of a complaint
}

type observed struct {
	exchanges []Exchange
	calls     []string
}

func schemaOf(doc *openapi3.T, name string) *openapi3.Schema {
	return doc.Components.Schemas[name].Value
}

func responsesOf(doc *openapi3.T, path string) *openapi3.Responses {
	return doc.Paths.Value(path).Get.Responses
}

func replaceInAnswers(old, new string) func(*openapi3.T, *observed) {
	return func(_ *openapi3.T, seen *observed) {
		for i := range seen.exchanges {
			seen.exchanges[i].Body = []byte(strings.ReplaceAll(string(seen.exchanges[i].Body), old, new))
		}
	}
}

var mutants = []mutant{
	{"a member is documented no more", func(doc *openapi3.T, _ *observed) { delete(schemaOf(doc, "Leader").Properties, "since") }, `"since"`},
	{"a member of an event is documented no more",
		func(doc *openapi3.T, _ *observed) { delete(schemaOf(doc, "FreshnessEvent").Properties, "stale") }, `"stale"`},
	{"a member is documented that is never there", func(doc *openapi3.T, _ *observed) {
		schemaOf(doc, "Leader").Properties["term"] = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
	}, "never seen: member #/components/schemas/Leader term"},
	{"a member is required that is not always there", func(doc *openapi3.T, _ *observed) {
		schemaOf(doc, "Leader").Required = append(schemaOf(doc, "Leader").Required, "leaseTtlMs")
	}, `"leaseTtlMs" is missing`},
	{"a member has another type",
		func(doc *openapi3.T, _ *observed) { schemaOf(doc, "Transitions").Type = &openapi3.Types{"string"} }, "value must be a string"},
	{"null is not allowed", func(doc *openapi3.T, _ *observed) { schemaOf(doc, "Token").Nullable = false }, "not nullable"},
	{"a status is documented that never comes", func(doc *openapi3.T, _ *observed) {
		responsesOf(doc, watch).Set("418", &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription("")})
	}, "never seen: GET /v1/watch 418"},
	{"a status is documented no more", func(doc *openapi3.T, _ *observed) { responsesOf(doc, leader).Delete("304") }, "status is not documented"},
	{"a content type is documented no more",
		func(doc *openapi3.T, _ *observed) {
			delete(responsesOf(doc, leader).Status(200).Value.Content, "text/plain")
		}, "content type"},
	{"a header is documented no more",
		func(doc *openapi3.T, _ *observed) {
			delete(responsesOf(doc, election).Status(200).Value.Headers, "X-Bellwether-Index")
		}, "X-Bellwether-Index"},
	{"a header has another form", func(doc *openapi3.T, _ *observed) {
		responsesOf(doc, leader).Status(200).Value.Headers["ETag"].Value.Schema.Value.Pattern = "^strong$"
	}, "ETag"},
	{"a type of problem is documented no more", func(doc *openapi3.T, _ *observed) {
		kind := schemaOf(doc, "Problem").Properties["type"].Value
		kind.Enum = slices.DeleteFunc(kind.Enum, func(v any) bool { return v == "urn:bellwether:problem:no-leader" })
	}, "not one of the allowed values"},
	{"a call is documented no more", func(doc *openapi3.T, _ *observed) { doc.Paths.Delete("/metrics") }, "no such call"},
	{"a call is documented that there is not",
		func(doc *openapi3.T, _ *observed) { doc.Paths.Set("/v2", doc.Paths.Value("/metrics")) }, "not in the list of calls: GET /v2"},
	{"a parameter is documented no more", func(doc *openapi3.T, _ *observed) {
		get := doc.Paths.Value(elections).Get
		get.Parameters = slices.DeleteFunc(get.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "limit" })
	}, "the document has the parameters [continue namespace state]"},
	{"a parameter takes less", func(doc *openapi3.T, _ *observed) {
		doc.Components.Parameters["wait"].Value.Schema.Value.Pattern = "^[0-9]+s$"
	}, "the request"},
	{"an answer has an unknown member", replaceInAnswers(`"stale":`, `"fresh":`), `"fresh"`},
	{"a time is none", replaceInAnswers(`"asOf":"2`, `"asOf":"x`), "asOf"},
	{"a call is not listed", func(_ *openapi3.T, seen *observed) { seen.calls = seen.calls[1:] }, "not in the list of calls"},
	{"a call is listed that is not documented",
		func(_ *openapi3.T, seen *observed) { seen.calls = append(seen.calls, "POST /v1/x") }, "not documented: POST /v1/x"},
	{"a status was never seen", func(_ *openapi3.T, seen *observed) {
		seen.exchanges = slices.DeleteFunc(seen.exchanges, func(e Exchange) bool {
			return e.Method == http.MethodHead && e.Path == redirect && e.Status == 307
		})
	}, "never seen: HEAD " + redirect + " 307"},
}

func testMutants(t *testing.T, document []byte, exchanges []Exchange, calls []string) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			doc, err := Load(document)
			if err != nil {
				t.Fatal(err)
			}
			seen := observed{slices.Clone(exchanges), slices.Clone(calls)}
			m.bend(doc, &seen)
			complaints := strings.Join(Judge(doc, seen.exchanges, seen.calls), "\n")
			if !strings.Contains(complaints, m.want) {
				t.Errorf("not noticed (%q is not said); instead:\n%.2000s", m.want, complaints)
			}
		})
	}
}
