package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const linesOfLog = 10

// child is this binary, started once more as another of its programs.
type child struct {
	name  string
	log   string
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
	state error
}

// start starts one of the binary's programs, with its output in a log of its own; files are its descriptors from 3 on.
func start(dir, name string, arguments []string, files ...*os.File) (*child, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd = exec.Command(executable, append([]string{name}, arguments...)...)
	c.cmd.Stdout, c.cmd.Stderr, c.cmd.ExtraFiles = log, log, files
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: not started: %w", name, err)
	}
	go func() {
		c.state = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// stop closes the child's stdin and returns when it has ended.
func (c *child) stop() {
	_ = c.stdin.Close()
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// failure says how the child ended, and quotes the end of its log.
func (c *child) failure() error {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("%s: ended: %v; its log ends with:\n%s", c.name, c.state, strings.Join(lines[max(0, len(lines)-linesOfLog):], "\n"))
}

// listen binds a free port of the loopback interface. The listener itself is handed on, so that nobody can take the port in between.
func listen() (*net.TCPListener, error) {
	return net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
}
