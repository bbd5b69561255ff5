import SluicePostgres

/// The server's process that sends to a bench's slot.
struct Sender {
    var pid: String
    var sent: String
    var replied: String
}

extension Bench {
    /// The senders of the slot, as a table.
    var senders: String {
        "pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where \(slotIs)"
    }

    /// What the slot's sender is doing.
    func senderStatus() throws -> Sender {
        let row = try sql.query("select pid, sent_lsn, reply_time from \(senders)").first
        guard let row, let pid = row[0], let sent = row[1], let replied = row[2] else { throw TestFailure("no sender") }
        return Sender(pid: pid, sent: sent, replied: replied)
    }

    /// Waits until nothing moves any more: the command is paused and the buffers in between are full.
    func standstill(of process: SluiceProcess) throws -> Sender {
        try process.waitForProgress("a pause") { $0["state"] as? String == "paused" }
        var last = try senderStatus()
        while true {
            try run("select pg_sleep(0.5)")
            let next = try senderStatus()
            if next.sent == last.sent { return next }
            last = next
        }
    }
}
