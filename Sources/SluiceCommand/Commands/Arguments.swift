import ArgumentParser
import SluicePostgres

/// An amount of memory, as Postgres writes it: `64MB`, `1GB`; powers of 1024.
struct ByteSize: ExpressibleByArgument, Equatable {
    var bytes: Int

    init(bytes: Int) {
        self.bytes = bytes
    }

    init?(argument: String) {
        let text = argument.uppercased()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = [
            "": 0, "B": 0, "K": 10, "KB": 10, "KIB": 10, "M": 20, "MB": 20, "MIB": 20, "G": 30, "GB": 30, "GIB": 30,
        ]
        guard let number = Int(digits), let shift = units[String(text.dropFirst(digits.count))] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { bytes % (1 << 30) == 0 ? "\(bytes >> 30)GB" : "\(bytes >> 20)MB" }
}

/// A length of time with its unit: `500ms`, `30s`, `5min`, `1h`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    var duration: Duration

    init(duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let units = ["ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000]
        guard let number = Int32(digits), let unit = units[String(argument.dropFirst(digits.count))] else { return nil }
        duration = .milliseconds(Int(number) * unit)
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}

/// Table names separated by commas.
struct TableNames: ExpressibleByArgument, Equatable {
    var names: [String]

    init(names: [String]) {
        self.names = names
    }

    init?(argument: String) {
        names = argument.split(separator: ",").map(String.init)
        if names.isEmpty || names.count <= argument.count(where: { $0 == "," }) { return nil }
    }

    var defaultValueDescription: String { "all of the publication" }
}

extension BackfillChoice: ExpressibleByArgument {
    init?(argument: String) {
        guard let tables = TableNames(argument: argument) else { return nil }
        self.init(names: tables.names == ["all"] ? nil : tables.names)
    }
}

/// Where a stream ends.
enum End: ExpressibleByArgument, Equatable {
    case now
    case position(LSN)

    init?(argument: String) {
        if argument == "now" {
            self = .now
        } else if let position = LSN(argument) {
            self = .position(position)
        } else {
            return nil
        }
    }
}

extension StreamingMode: ExpressibleByArgument {}

extension WhenSpillIsFull: ExpressibleByArgument {}

/// How progress is shown.
enum ProgressMode: String, ExpressibleByArgument, CaseIterable {
    case auto
    case plain
    case none
}
