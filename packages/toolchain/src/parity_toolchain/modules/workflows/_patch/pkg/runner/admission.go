package runner

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/nektos/act/pkg/common"
	"gopkg.in/yaml.v3"
)

// admitted asks who listens at the socket in ACT_ADMISSION whether a job may begin, and says how it ended: what
// GitHub's servers do about a job, and act does not know. What is sent is the job without its steps, and its workflow's
// `concurrency`, with their expressions evaluated. The answer is `go`, or the job's result.
func admitted(rc *RunContext, executor common.Executor) common.Executor {
	return func(ctx context.Context) error {
		address := os.Getenv("ACT_ADMISSION")
		if address == "" {
			return executor(ctx)
		}
		if common.JobCancelContext(ctx).Err() != nil { // the run's conditions ask `cancelled()`, of which act knows too late
			rc.result("cancelled")
			return nil
		}
		asked, err := admission(ctx, rc)
		if err != nil {
			return err
		}
		conn, err := net.Dial("unix", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write(append(asked, '\n')); err != nil {
			return err
		}
		answered := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(conn).ReadString('\n')
			answered <- strings.TrimSpace(line)
		}()
		answer := "cancelled"
		select {
		case answer = <-answered:
		case <-common.JobCancelContext(ctx).Done():
		}
		if answer != "go" {
			if rc.Run.Job().Result != "failure" { // another one of its matrix
				rc.result(answer)
			}
			return nil
		}
		err = executor(ctx)
		result := "success"
		if common.JobCancelContext(ctx).Err() != nil {
			result = "cancelled"
		} else if err != nil || common.JobError(ctx) != nil {
			result = "failure"
		}
		_, _ = conn.Write([]byte(result + "\n"))
		return err
	}
}

func admission(ctx context.Context, rc *RunContext) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(rc.Config.Workdir, ".github", "workflows", rc.Run.Workflow.File))
	if err != nil {
		return nil, err
	}
	var document struct {
		Concurrency any                       `json:"concurrency"`
		Jobs        map[string]map[string]any `json:"-"`
		Job         map[string]any            `json:"job"`
		Name        string                    `json:"name" yaml:"-"`
		Log         string                    `json:"log" yaml:"-"`
		Matrix      map[string]any            `json:"matrix" yaml:"-"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	document.Job = map[string]any{}
	for _, key := range []string{"environment", "concurrency", "timeout-minutes", "uses"} {
		document.Job[key] = document.Jobs[rc.Run.JobID][key]
	}
	if strategy, ok := document.Jobs[rc.Run.JobID]["strategy"].(map[string]any); ok {
		document.Job["fail-fast"] = strategy["fail-fast"] != false
	}
	document.Name, document.Log, document.Matrix = rc.Run.JobID, rc.String(), rc.Matrix
	if rc.caller != nil {
		document.Matrix = rc.caller.runContext.Matrix
	}
	asked, err := json.Marshal(document)
	return []byte(rc.NewExpressionEvaluator(ctx).Interpolate(ctx, string(asked))), err
}
