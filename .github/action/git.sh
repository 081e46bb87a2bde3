# Read by the other scripts. Git is asked in the root of the checkout and nowhere
# else: a directory below it may hold what git takes for a repository, with a
# configuration that names programs. Nothing that git reads from the environment
# leads elsewhere.
# shellcheck shell=bash disable=SC2154

readonly git_environment=(
  GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CEILING_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG
  GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_DIR GIT_EXEC_PATH GIT_EXTERNAL_DIFF
  GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX
  GIT_NAMESPACE GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX
  GIT_QUARANTINE_PATH GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE
)

# COMMAND [ARGUMENT…] of git, in the repository whose top is $root.
ask_git() {
  local name clean=(env)
  for name in "${git_environment[@]}"; do clean+=(-u "$name"); done
  clean+=(GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0)
  "${clean[@]}" git "--git-dir=$root/.git" "--work-tree=$root" --no-replace-objects \
    -c protocol.allow=never -c safe.bareRepository=explicit \
    -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"
}

# The hash of standard input, asked for where no repository is.
hash_of_input() {
  local name clean=(env)
  for name in "${git_environment[@]}"; do clean+=(-u "$name"); done
  (cd / && "${clean[@]}" git -c safe.bareRepository=explicit hash-object --stdin)
}
