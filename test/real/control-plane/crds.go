package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

var crdResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// folders is a flag that may be given several times.
type folders []string

func (f *folders) String() string { return strings.Join(*f, ", ") }

func (f *folders) Set(folder string) error {
	*f = append(*f, folder)
	return nil
}

// installCRDs creates every CRD of the folders and returns once all are established. It comes before the controllers: they look at
// what is served when they start and then only now and then, so that a budget over pods of a kind they do not know allows nothing
// for minutes.
func installCRDs(ctx context.Context, api *child, kubeconfig string, from folders) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	crds := client.Resource(crdResource)
	var names []string
	for _, folder := range from {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("CRDs: none in %s: %w", folder, err)
		}
		for _, file := range files {
			crd, err := read(file)
			if err != nil {
				return err
			}
			// The first folder that has it wins.
			if _, err := crds.Create(ctx, crd, meta.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("CustomResourceDefinition/%s: not created: %w", crd.GetName(), err)
			}
			names = append(names, crd.GetName())
		}
	}
	return poll(ctx, api, func(ctx context.Context) error {
		for _, name := range names {
			crd, err := crds.Get(ctx, name, meta.GetOptions{})
			if err != nil {
				return err
			}
			if !isEstablished(crd) {
				return errors.New("CustomResourceDefinition/" + name + ": not established")
			}
		}
		return nil
	})
}

func read(file string) (*unstructured.Unstructured, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	crd := &unstructured.Unstructured{}
	return crd, yaml.Unmarshal(text, crd)
}

func isEstablished(crd *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, condition := range conditions {
		if c, ok := condition.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return true
		}
	}
	return false
}
