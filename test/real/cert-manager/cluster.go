package main

import (
	"context"
	"errors"
	"fmt"
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
