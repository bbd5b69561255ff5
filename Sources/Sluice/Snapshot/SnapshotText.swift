extension GraphSnapshot: CustomStringConvertible {
    /// A table of the stages and one of the subscriptions, for people.
    ///
    /// If the graph is measured, the stages' last columns tell how they have spent their time.
    public var description: String {
        let isMeasured = stages.contains { $0.times != nil }
        let stageRows = stages.map { stage in
            let figures = [
                stage.name, stage.activity.rawValue, "\(stage.emitted)", "\(stage.demand)", "\(stage.waiting)",
                "\(stage.buffered)", "\(stage.keptByDispatcher)", "\(stage.discarded)", "\(stage.lost)",
            ]
            return isMeasured ? figures + shares(of: stage) : figures
        }
        let edgeRows = edges.map { edge in
            [
                "\(stages[edge.producer].name) -> \(stages[edge.consumer].name)", "\(edge.asked)",
                "\(edge.delivered)", "\(edge.outstanding)",
            ]
        }
        let stageTitle = ["stage", "activity", "emitted", "demand", "waiting", "buffered", "kept", "discarded", "lost"]
        let sharesTitle = ["busy", "no demand", "no events", "paused"]
        return table([isMeasured ? stageTitle + sharesTitle : stageTitle] + stageRows, texts: 2) + "\n"
            + table([["subscription", "asked", "delivered", "outstanding"]] + edgeRows, texts: 1)
    }

    /// The graph in the language of Graphviz.
    public var dot: String {
        let nodes = stages.indices.map { index in
            let stage = stages[index]
            let label = "\(escaped(stage.name))\\n\(stage.activity.rawValue), \(stage.waiting + stage.buffered) waiting"
            return "  s\(index) [label=\"\(label)\"];"
        }
        let arrows = edges.map { edge in
            "  s\(edge.producer) -> s\(edge.consumer) [label=\"\(edge.delivered) of \(edge.asked)\"];"
        }
        return (["digraph stages {", "  rankdir=LR;", "  node [shape=box];"] + nodes + arrows + ["}"])
            .joined(separator: "\n")
    }

    private func shares(of stage: Stage) -> [String] {
        let activities: [StageActivity] = [.busy, .waitingForDemand, .waitingForEvents, .paused]
        return activities.map { activity in stage.times.map { percent($0.share(of: activity)) } ?? "-" }
    }

    private func escaped(_ name: String) -> String {
        name.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
    }

    /// - Parameters:
    ///   - rows: All of one length.
    ///   - texts: How many of the first columns are texts; the others are numbers, to the right.
    /// - Returns: Lines, each ended.
    private func table(_ rows: [[String]], texts: Int) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column < texts ? cell.0 + space : space + cell.0
            }
            .joined(separator: "  ")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A part of 1 as people read it: `"97%"`.
func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }
