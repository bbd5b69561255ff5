internal import Glibc

/// The system's clock as the server's protocol counts: microseconds since 2000-01-01 00:00 UTC.
enum ServerTime {
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return (Int64(time.tv_sec) - 946_684_800) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
