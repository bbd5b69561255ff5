/// The demo's table: every change of a key gets the next version, also across a delete and a new insert.
///
/// So the sink must show 1, 2, 3 ... for each key, where a delete shows the version that it removes and counts as the
/// next one.
enum DemoTable {
    static let name = "demo_accounts"

    static let create = """
        create table \(name) (id bigint primary key, version bigint not null, payload text not null);
        alter table \(name) replica identity full
        """

    /// The keys of the giant transaction begin here.
    static let giantBase = 1_000_000_000_000

    static func insertGiant(rows: Int) -> String {
        """
        insert into \(name) select \(giantBase) + i, 1, 'giant row ' || i || repeat(' and more', 8)
        from generate_series(1, \(rows)) i
        """
    }
}
