//! The table of the linter's rules. A new rule is one entry here and one file in
//! `lint/rules/`.

/// Expands a macro over the rules of the linter, in the order of the catalogue:
/// the variant of [`RuleId`](super::RuleId), the module under `lint::rules`, the
/// name, the group, the default level and the summary.
///
/// A name is in kebab case, names the defect and reads after "allow". A summary is
/// one line without a full stop.
macro_rules! with_lint_rules {
    ($then:ident) => {
        $then! {
            // Correctness
            NothingCallable nothing_callable "nothing-callable" Correctness Error
                "No tool can ever be called";
            NeverAllowedTool never_allowed_tool "never-allowed-tool" Correctness Error
                "A listed tool whose rules no call can meet";
            UnreachableRule unreachable_rule "unreachable-rule" Correctness Warning
                "A rule that never decides: an earlier one always does";
            RedundantCondition redundant_condition "redundant-condition" Correctness Note
                "A condition implied by the others of its rule, or a rule implied by the other rules";
            VacuousRequire vacuous_require "vacuous-require" Correctness Warning
                "A `require` that every call meets";
            ContradictoryConditions contradictory_conditions "contradictory-conditions" Correctness Warning
                "Conditions of one rule that exclude each other";
            HiddenAndListed hidden_and_listed "hidden-and-listed" Correctness Warning
                "A tool is both hidden and listed, so its rules are dead";
            WildcardInToolName wildcard_in_tool_name "wildcard-in-tool-name" Correctness Warning
                "`*` or `?` in a tool name matches nothing";
            WildcardInOperand wildcard_in_operand "wildcard-in-operand" Correctness Warning
                "`*` or `?` in an operand matches nothing but itself";
            MismatchedToolName mismatched_tool_name "mismatched-tool-name" Correctness Warning
                "A tool name with a blank at an end, a client's prefix or another spelling beside it";
            UnresolvablePath unresolvable_path "unresolvable-path" Correctness Warning
                "A path with array indices or wildcards leads nowhere";
            UselessOperand useless_operand "useless-operand" Correctness Warning
                "A list with duplicates or nothing in it, or an operand that no value meets";
            LimitNeverBinds limit_never_binds "limit-never-binds" Correctness Warning
                "A limit that a tighter one always meets first";
            LimitOnBlockedTool limit_on_blocked_tool "limit-on-blocked-tool" Correctness Warning
                "A limit on a tool that is never allowed";
            CounterNameShared counter_name_shared "counter-name-shared" Correctness Note
                "Limits that name one counter count separately";
            ContradictingMessage contradicting_message "contradicting-message" Correctness Note
                "A message names another number or unit than its limit or bound";
            InvisibleCharacter invisible_character "invisible-character" Correctness Error
                "A name, path or operand holds a character that is invisible or looks like another";
            // Security
            MissingDefaultDeny missing_default_deny "missing-default-deny" Security Warning
                "`default: \"allow\"` opens every tool that is not listed";
            UnlimitedExecuteTool unlimited_execute_tool "unlimited-execute-tool" Security Warning
                "A tool that executes something can be called without limit";
            UnlimitedFinancialTool unlimited_financial_tool "unlimited-financial-tool" Security Warning
                "A tool that moves money can be called without limit";
            UnlimitedWriteTool unlimited_write_tool "unlimited-write-tool" Security Pedantic
                "A tool that writes can be called without limit";
            ExposedDestructiveTool exposed_destructive_tool "exposed-destructive-tool" Security Warning
                "A tool that destroys or spends is allowed with any arguments";
            FailOpenDeny fail_open_deny "fail-open-deny" Security Warning
                "A `deny_if` that a caller avoids by leaving the argument out or changing its type";
            UnanchoredAllowlist unanchored_allowlist "unanchored-allowlist" Security Warning
                "A `require` pattern that accepts foreign text around what it lists";
            AllowlistAdmitsTraversal allowlist_admits_traversal "allowlist-admits-traversal" Security Warning
                "An allowlist for a path that accepts `..`, or an absolute path beside relative ones";
            AllowlistAdmitsShell allowlist_admits_shell "allowlist-admits-shell" Security Warning
                "An allowlist for a command that accepts `;`, `|`, `&`, `>`, `$(`, a backquote or a newline";
            AllowlistAdmitsForeignHost allowlist_admits_foreign_host "allowlist-admits-foreign-host" Security Warning
                "An allowlist for a URL or host that accepts a host it does not name";
            AllowlistAdmitsOtherElements allowlist_admits_other_elements "allowlist-admits-other-elements" Security Warning
                "A `contains` on an array that lets other elements pass beside the one it names";
            UnguardedArray unguarded_array "unguarded-array" Security Warning
                "An array of what other tools guard, and that no condition can look into";
            InconsistentGuard inconsistent_guard "inconsistent-guard" Security Note
                "A tool leaves open an argument that other tools of its server guard";
            DenylistOnly denylist_only "denylist-only" Security Note
                "Free text that only `deny_if` patterns restrict";
            UnconstrainedFreeformArgument unconstrained_freeform_argument "unconstrained-freeform-argument" Security Pedantic
                "An argument that takes code, a query, a URL or a path is not looked at";
            UnboundedAmount unbounded_amount "unbounded-amount" Security Note
                "The amount of a tool that moves money has no upper bound, or none per day";
            UncountableIncrement uncountable_increment "uncountable-increment" Security Note
                "A limit adds up an argument that nothing requires to be a number of 0 or more";
            FreeAmount free_amount "free-amount" Security Note
                "An amount of 0 passes any number of times, because only a sum is limited";
            InexactNumber inexact_number "inexact-number" Security Note
                "A number is compared exactly that is too large to be exact";
            CaseFoldingAllowlist case_folding_allowlist "case-folding-allowlist" Security Pedantic
                "A `require` pattern that ignores case accepts a letter outside ASCII";
            BurstOnlyLimit burst_only_limit "burst-only-limit" Security Note
                "A high-risk tool is limited per minute and not per hour or day";
            ForgottenLimit forgotten_limit "forgotten-limit" Security Note
                "One tool lacks a limit that every other tool of its kind has";
            WindowDoubling window_doubling "window-doubling" Security Pedantic
                "Twice the calls of a limit pass around the end of its window";
            LooseLimit loose_limit "loose-limit" Security Pedantic
                "A limit is far above what a tool of its category, or recorded use, needs";
            ApprovalPromised approval_promised "approval-promised" Security Warning
                "A message promises an approval that nothing can give";
            WorkaroundInMessage workaround_in_message "workaround-in-message" Security Note
                "A message tells the agent how to get around its rule";
            LostExpectation lost_expectation "lost-expectation" Security Note
                "A change drops what a recorded call was expected to be";
            // Inventory
            UnknownTool unknown_tool "unknown-tool" Inventory Warning
                "The policy names a tool that the server does not have";
            UndecidedTool undecided_tool "undecided-tool" Inventory Note
                "The server has tools that only `default` decides";
            UnknownArgument unknown_argument "unknown-argument" Inventory Warning
                "A path leads to an argument that the server's tool does not have";
            ArgumentTypeMismatch argument_type_mismatch "argument-type-mismatch" Inventory Warning
                "A condition tests an argument for what the server's schema says it never is";
            CategoryConflict category_conflict "category-conflict" Inventory Warning
                "A tool's annotations claim less harm than its name";
            ChangedTool changed_tool "changed-tool" Inventory Warning
                "A tool that the server lists otherwise than it was reviewed";
            NewTool new_tool "new-tool" Inventory Note
                "A tool of the server that is not in the kept list";
            MissingTool missing_tool "missing-tool" Inventory Note
                "A tool of the kept list that the server no longer has";
            // Style
            MissingOnDeny missing_on_deny "missing-on-deny" Style Pedantic
                "A rule refuses calls without telling the agent why";
            UnsortedNames unsorted_names "unsorted-names" Style Pedantic
                "The names in `tools` or `hide` are not in alphabetical order";
            CounterNaming counter_naming "counter-naming" Style Pedantic
                "A counter's name speaks of another window, or is hard to type";
            EmptyList empty_list "empty-list" Style Pedantic
                "An empty list says what leaving it out says";
            // Suppressions
            UnusedSuppression unused_suppression "unused-suppression" Suppressions Warning
                "A suppression has no finding to suppress";
            ExpiredSuppression expired_suppression "expired-suppression" Suppressions Warning
                "A suppression was meant to hold until a day that is past";
            MovedSuppression moved_suppression "moved-suppression" Suppressions Warning
                "A suppression was written for another value, or another place";
        }
    };
}

pub(crate) use with_lint_rules;
