#if SLUICE_TSAN
    import Glibc

    /// The one kind of lock in this module, in the form that Thread Sanitizer understands.
    ///
    /// It reports false races for `Synchronization.Mutex` on Linux.
    struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // The value is reached only between pthread_mutex_lock and unlock, and both allocations live as long as the lock.
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        init(_ value: consuming sending Value) {
            pthread_mutex_init(mutex, nil)
            self.value.initialize(to: value)
        }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
            pthread_mutex_destroy(mutex)
            mutex.deallocate()
        }

        borrowing func withLock<Result: ~Copyable, E: Error>(
            _ body: (inout sending Value) throws(E) -> sending Result
        ) throws(E) -> sending Result {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return try body(&value.pointee)
        }
    }
#else
    import Synchronization

    /// The one kind of lock in this module.
    struct Lock<Value: ~Copyable>: ~Copyable, Sendable {
        private let mutex: Mutex<Value>

        init(_ value: consuming sending Value) {
            mutex = Mutex(value)
        }

        borrowing func withLock<Result: ~Copyable, E: Error>(
            _ body: (inout sending Value) throws(E) -> sending Result
        ) throws(E) -> sending Result {
            try mutex.withLock(body)
        }
    }
#endif
