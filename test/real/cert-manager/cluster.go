package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

const deadline = 30 * time.Second

var (
	crdResource       = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	issuerResource    = schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "issuers"}
)

// cluster is what cert-manager is installed into.
type cluster struct{ client dynamic.Interface }

func connect(kubeconfig string) (cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return cluster{}, err
	}
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	return cluster{client}, err
}

// apply applies a manifest of one object.
func (c cluster) apply(ctx context.Context, resource schema.GroupVersionResource, manifest string) (string, error) {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), object); err != nil {
		return "", err
	}
	name := object.GetName()
	options := meta.ApplyOptions{FieldManager: "cert-manager-test", Force: true}
	if _, err := c.client.Resource(resource).Apply(ctx, name, object, options); err != nil {
		return name, fmt.Errorf("%s/%s: not applied: %w", object.GetKind(), name, err)
	}
	return name, nil
}

// applyCRDs applies every CRD of a folder and returns once each is established.
func (c cluster) applyCRDs(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("CRDs: none in %s", dir)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := c.apply(ctx, crdResource, string(text))
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	for _, name := range names {
		if err := poll(ctx, func() error { return c.isEstablished(ctx, name) }); err != nil {
			return fmt.Errorf("CustomResourceDefinition/%s: not served in %s: %w", name, deadline, err)
		}
	}
	return nil
}

func (c cluster) isEstablished(ctx context.Context, name string) error {
	crd, err := c.client.Resource(crdResource).Get(ctx, name, meta.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, condition := range conditions {
		if c, ok := condition.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("its conditions are %v", conditions)
}

// refusesWithoutType asks whether an Issuer without a type is refused, which only the webhook does. Nothing is written.
func (c cluster) refusesWithoutType(ctx context.Context) error {
	issuer := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1",
		"kind":       "Issuer",
		"metadata":   map[string]any{"name": "without-a-type"},
		"spec":       map[string]any{},
	}}
	options := meta.CreateOptions{DryRun: []string{meta.DryRunAll}}
	_, err := c.client.Resource(issuerResource).Namespace(clusterResources).Create(ctx, issuer, options)
	switch {
	case err == nil:
		return errors.New("an Issuer without a type was accepted")
	case strings.Contains(err.Error(), "denied the request"):
		return nil
	default:
		return err
	}
}

// poll asks until the answer is yes, until the deadline.
func poll(ctx context.Context, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	for {
		last := ask()
		if last == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return last
		}
	}
}
