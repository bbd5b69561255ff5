/// Commands in the form in which they are sent, one behind the other.
///
/// https://redis.io/docs/latest/develop/reference/protocol-spec
struct RedisCommands {
    private(set) var bytes: [UInt8] = []
    /// How many there are, and so how many replies follow.
    private(set) var count = 0

    init() {}

    /// One command.
    init(_ arguments: String...) {
        add(arguments)
    }

    /// One command.
    init(_ arguments: [String]) {
        add(arguments)
    }

    /// Adds a command.
    mutating func add(_ arguments: String...) {
        add(arguments)
    }

    /// Adds a command.
    mutating func add(_ arguments: [String]) {
        begin(arguments.count)
        for argument in arguments { append(argument) }
    }

    /// Begins a command whose arguments follow one by one.
    ///
    /// - Parameter arguments: How many follow, the command's name included.
    mutating func begin(_ arguments: Int) {
        bytes.append(UInt8(ascii: "*"), arguments)
        count += 1
    }

    /// Adds an argument to the command that was begun last.
    mutating func append(_ argument: String) {
        bytes.append(argument: argument)
    }

    /// Adds an argument to the command that was begun last.
    mutating func append(_ id: RedisStreamEntry.ID) {
        bytes.append(UInt8(ascii: "$"), id.milliseconds.digits + 1 + id.number.digits)
        bytes.append(decimal: id.milliseconds)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: id.number)
        bytes.endLine()
    }

    /// Adds an argument to the command that was begun last.
    mutating func append(_ argument: some Collection<UInt8>) {
        bytes.append(argument: argument)
    }

    /// Adds arguments to the command that was begun last.
    mutating func append(_ arguments: Arguments) {
        bytes.append(contentsOf: arguments.bytes)
    }

    /// Arguments for a command that begins later.
    struct Arguments {
        private(set) var bytes: [UInt8] = []
        private(set) var count = 0

        mutating func append(_ argument: String) {
            bytes.append(argument: argument)
            count += 1
        }

        mutating func append(_ argument: some Collection<UInt8>) {
            bytes.append(argument: argument)
            count += 1
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(argument: String) {
        var argument = argument
        argument.withUTF8 { append(argument: $0) }
    }

    fileprivate mutating func append(argument: some Collection<UInt8>) {
        append(UInt8(ascii: "$"), argument.count)
        append(contentsOf: argument)
        endLine()
    }

    fileprivate mutating func append(_ mark: UInt8, _ number: Int) {
        append(mark)
        append(decimal: UInt64(number))
        endLine()
    }

    // A text for each number of each identifier would cost more than all else of it.
    fileprivate mutating func append(decimal number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }

    fileprivate mutating func endLine() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}

extension UInt64 {
    /// How many decimal digits it has.
    fileprivate var digits: Int {
        var (count, rest) = (1, self / 10)
        while rest > 0 { (count, rest) = (count + 1, rest / 10) }
        return count
    }
}
