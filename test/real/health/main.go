// Judges health as Argo CD and Flux do. Standard input is a JSON list of questions, each an object with a script in Lua or with expressions
// in CEL; standard output is the list of answers.
//
// Lua runs in Argo CD's interpreter with the libraries that Argo CD opens (its own code cannot be had as a module: it depends on one that is
// not published). CEL is evaluated by Flux's own code.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type question struct {
	Object json.RawMessage                   `json:"object"`
	Lua    string                            `json:"lua,omitempty"`
	Cel    *kustomize.HealthCheckExpressions `json:"cel,omitempty"`
}

type answer struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fail(err)
	}
	answers := make([]answer, len(questions))
	for i, q := range questions {
		object := map[string]any{}
		// As clients of Kubernetes read it: whole numbers are int64.
		if err := utiljson.Unmarshal(q.Object, &object); err != nil {
			fail(err)
		}
		if q.Cel != nil {
			answers[i] = byCel(q.Cel, object)
		} else {
			answers[i] = byLua(q.Lua, object)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fail(err)
	}
}

func byCel(expressions *kustomize.HealthCheckExpressions, object map[string]any) answer {
	evaluator, err := cel.NewStatusEvaluator(expressions)
	if err != nil {
		fail(err) // it is not valid CEL
	}
	result, err := evaluator.Evaluate(context.Background(), &unstructured.Unstructured{Object: object})
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Status: string(result.Status)}
}

func byLua(script string, object map[string]any) answer {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			fail(err)
		}
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return answer{Error: err.Error()}
	}
	health, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return answer{Error: "the script returned no table"}
	}
	return answer{Status: health.RawGetString("status").String(), Message: health.RawGetString("message").String()}
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		table := state.NewTable()
		for _, item := range v {
			table.Append(valueOf(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range v {
			table.RawSetString(key, valueOf(state, item))
		}
		return table
	}
	return lua.LNil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
