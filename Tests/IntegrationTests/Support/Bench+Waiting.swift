import SluicePostgres

extension Bench {
    /// Waits until a query's one value is true; the server does the waiting in between.
    func wait(_ what: String, until condition: String) throws {
        try wait(what) { try value("select (\(condition))::text") == "true" }
    }

    /// Waits until a condition holds; the server does the waiting in between.
    func wait(_ what: String, until condition: () throws -> Bool) throws {
        var attempts = SluiceProcess.patience / 5
        while try !condition() {
            attempts -= 1
            guard attempts > 0 else {
                lastProcess?.pump(milliseconds: 0)
                throw TestFailure(
                    "waited in vain: \(what); sluice said: \(lastProcess?.error.text.suffix(2000) ?? "-")"
                )
            }
            try sql.query("select pg_sleep(0.005)")
        }
    }

    /// Waits until somebody reads the slot.
    func waitForReader() throws {
        try wait("a reader of the slot", until: "exists (select from pg_replication_slots where \(slotIs) and active)")
    }

    /// Waits until nobody reads the slot.
    func waitForNoReader() throws {
        try wait(
            "no reader of the slot",
            until: "not exists (select from pg_replication_slots where \(slotIs) and active)"
        )
    }

    /// Waits until everything that is committed by now is durable in the sink, and the server knows.
    func waitForDelivery() throws {
        // Nothing that is published: only keepalives move the position past it.
        let end = try value("select pg_logical_emit_message(false, 'test', 'x')") ?? ""
        try run("select pg_switch_wal()")
        try wait(
            "the slot at the end",
            until: "(select confirmed_flush_lsn from pg_replication_slots where \(slotIs)) >= '\(end)'"
        )
    }

    /// The condition for the slot's row in `pg_replication_slots`.
    var slotIs: String { "slot_name = '\(slot)'" }

    var confirmedFlush: String {
        get throws { try value("select confirmed_flush_lsn from pg_replication_slots where \(slotIs)") ?? "" }
    }
}
