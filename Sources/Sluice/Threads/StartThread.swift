import Glibc

/// Starts a detached thread.
///
/// - Parameter body: The thread ends when it returns.
package func startThread(_ body: @escaping @Sendable () -> Void) {
    let start = ThreadStart(body: body)
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let result = pthread_create(
        &thread,
        &attributes,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        },
        Unmanaged.passRetained(start).toOpaque()
    )
    pthread_attr_destroy(&attributes)
    precondition(result == 0, "The system refused a thread: \(String(cString: strerror(result)))")
}

private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
