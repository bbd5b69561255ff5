internal import Glibc

/// A process that waits until its standard input ends, then stops the server and removes its folder.
///
/// The other end is held by this process only, so the kernel closes it however this process ends.
struct GuardProcess: Sendable {
    private let input: Int32
    private let process: ChildProcess

    /// Starts the guard, before there is anything to clean up.
    init(place: ServerFolder, programs: String) throws(ReplicationError) {
        var ends: [Int32] = [0, 0]
        // A pair of sockets rather than a pipe: it can be made closed-on-exec in one step, so that no other child that is
        // started at the same moment keeps it open.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ReplicationError(.serverSetup, "No socket can be made: \(String(cString: strerror(errno))).")
        }
        defer { close(ends[0]) }
        // pg_ctl finds the server by the process id in the folder's own postmaster.pid, never by a name.
        let stop = place.asOwner(["\(programs)/pg_ctl", "-D", place.data, "-m", "immediate", "-w", "stop"])
        let script = """
            trap '' INT TERM HUP; cat >/dev/null; folder=$1; shift
            if [ -f "$folder/data/postmaster.pid" ]; then "$@"; fi
            rm -rf "$folder"
            """
        do {
            process = try ChildProcess(
                ["/bin/sh", "-c", script, "sluice-guard", place.path] + stop,
                input: ends[0],
                output: "/dev/null"
            )
        } catch {
            close(ends[1])
            throw error
        }
        input = ends[1]
    }

    /// Lets the guard do its work and waits for it.
    func end() {
        close(input)
        _ = process.wait()
    }
}
