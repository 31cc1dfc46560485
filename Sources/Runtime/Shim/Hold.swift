internal import Glibc

/// `pouch-runtime hold`: does nothing until it is told to end.
///
/// It is all that runs in a pod's sandbox, so that the namespaces stay; the init beside it reaps orphans.
package enum Hold {
    /// - Returns: 0 after SIGTERM or SIGINT.
    package static func run() -> Int32 {
        var ending = sigset_t()
        sigemptyset(&ending)
        sigaddset(&ending, SIGTERM)
        sigaddset(&ending, SIGINT)
        sigprocmask(SIG_BLOCK, &ending, nil)
        var number: Int32 = 0
        while sigwait(&ending, &number) != 0 {}
        return 0
    }
}
