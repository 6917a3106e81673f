# Each bash of a job keeps its environment for the test (BASH_ENV).
cat "/proc/$$/environ" > "$RUNNER_SEEN/$GITHUB_JOB.$$.$RANDOM"
