import Glibc

import class Sluice.Semaphore
import func Sluice.startThread

/// SIGINT and SIGTERM, as calls on a thread of their own.
enum StopSignals {
    private static let requests = Semaphore()

    /// Calls a closure for each signal from now on; call it once.
    static func install(_ stop: @escaping @Sendable () -> Void) {
        let requests = requests
        startThread {
            while true {
                requests.wait()
                stop()
            }
        }
        // A handler may do next to nothing; posting a semaphore is allowed (POSIX, "Async-signal-safe functions"). The
        // semaphore has been made above, so its first use is not in a handler.
        signal(SIGINT) { _ in StopSignals.requests.signal() }
        signal(SIGTERM) { _ in StopSignals.requests.signal() }
    }
}
