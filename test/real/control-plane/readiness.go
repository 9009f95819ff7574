package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const startDeadline = 60 * time.Second

// isHealthy asks whether the API server answers: the controllers give up if it does not.
func isHealthy(ctx context.Context, client kubernetes.Interface) error {
	return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

// isReady asks whether a pod could be made: that takes the namespace, its service account and what a pod mounts for it.
func isReady(ctx context.Context, client kubernetes.Interface) error {
	if _, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return err
	}
	_, err := client.CoreV1().ConfigMaps("default").Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	return err
}

// waitFor asks until the answer is yes.
func waitFor(ctx context.Context, c *child, kubeconfig string, ask func(context.Context, kubernetes.Interface) error) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return poll(ctx, c, func(ctx context.Context) error { return ask(ctx, client) })
}

// poll asks until there is no complaint. It gives up when the child that has to bring it about ends, and after a minute.
func poll(ctx context.Context, c *child, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	for {
		last := ask(ctx)
		if last == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-c.ended:
			return c.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s: not ready in %s: %w", c.name, startDeadline, last)
		}
	}
}
