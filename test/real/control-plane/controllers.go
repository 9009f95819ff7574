package main

import (
	"strings"

	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/names"

	"part"
)

const controllerManager = "kube-controller-manager"

// controllers are those that the project relies on, or that something it relies on does. What would act for a node or a cloud is not
// among them, and neither is what the project's workloads do not use.
var controllers = []string{
	names.ServiceAccountController,
	names.ServiceAccountTokenController,
	names.RootCACertificatePublisherController,
	names.ClusterRoleAggregationController,
	names.NamespaceController,
	names.GarbageCollectorController,
	names.DisruptionController,
	names.JobController,
	names.CronJobController,
	names.TTLAfterFinishedController,
}

func startControllerManager(dir string, files credentials) (*child, error) {
	return start(dir, controllerManager, []string{
		"--kubeconfig=" + files.controllerManager,
		"--controllers=" + strings.Join(controllers, ","),
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + files.serviceAccount.key,
		"--root-ca-file=" + files.ca.certificate,
		"--leader-elect=false",
		"--secure-port=0",
	})
}

func runControllerManager(arguments []string) error {
	part.EndAtOnce()
	command := app.NewControllerManagerCommand()
	command.SetArgs(arguments)
	return command.Execute()
}
