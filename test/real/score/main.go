// Judges manifests by the rules of kube-score: YAML on standard input, a line a finding on standard output.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"
)

type input struct{ io.Reader }

func (input) Name() string { return "stdin" }

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	p, err := parser.New(&parser.Config{})
	if err != nil {
		return err
	}
	objects, err := p.ParseFiles([]domain.NamedReader{input{bytes.NewReader(text)}})
	if err != nil {
		return err
	}
	version := config.Semver{Major: 1, Minor: 34}
	configuration := &config.RunConfiguration{KubernetesVersion: version, MinReplicasDeployment: 2, MinReplicasHPA: 2}
	card, err := score.Score(objects, score.RegisterAllChecks(objects, &checks.Config{}, configuration), configuration)
	if err != nil {
		return err
	}
	for _, object := range *card {
		for _, check := range object.Checks {
			if check.Skipped || check.Grade > scorecard.GradeWarning {
				continue
			}
			fmt.Printf("%s/%s %s: %v\n", object.TypeMeta.Kind, object.ObjectMeta.Name, check.Check.ID, check.Comments)
		}
	}
	fmt.Printf("%d objects\n", len(*card))
	return nil
}
