package container

import (
	"os/exec"
	"syscall"
	"time"
)

// cancelAsRunner has a step end as GitHub's runner ends it (actions/runner, ProcessInvoker.cs): SIGINT to the step's own
// process, SIGTERM after 7.5 seconds, SIGKILL after another 2.5. Without it, act kills the process at once.
func cancelAsRunner(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		time.AfterFunc(7500*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
		return cmd.Process.Signal(syscall.SIGINT)
	}
	cmd.WaitDelay = 10 * time.Second
}
