import Foundation
import MartletCore

/// Where a listing goes on. Opaque to clients; base64 of JSON as MLflow's are.
enum MLflowPageToken {
    /// A place in a listing that is counted from its start.
    static func offset(_ token: String?) throws(MartletError) -> Int {
        guard let token, !token.isEmpty else { return 0 }
        guard case .integer(let offset)? = try fields(of: token)["offset"], (0...Int64(Int32.max)).contains(offset)
        else {
            throw invalid
        }
        return Int(offset)
    }

    static func token(offset: Int) -> String {
        encoded("{\"offset\": \(offset)}")
    }

    /// A place in the history of a metric.
    static func cursor(_ token: String?) throws(MartletError) -> HistoryCursor? {
        guard let token, !token.isEmpty else { return nil }
        let fields = try fields(of: token)
        guard case .integer(let time)? = fields["time"], case .integer(let step)? = fields["step"],
            case .integer(let valueKey)? = fields["value"]
        else { throw invalid }
        return HistoryCursor(time: time, step: step, valueKey: valueKey)
    }

    static func cursor(at place: Int, of points: PointColumns) -> HistoryCursor {
        HistoryCursor(
            time: points.times[place],
            step: points.steps[place],
            valueKey: PointOrder.sortKey(of: points.values[place])
        )
    }

    static func token(at cursor: HistoryCursor) -> String {
        encoded("{\"time\": \(cursor.time), \"step\": \(cursor.step), \"value\": \(cursor.valueKey)}")
    }

    /// A place in a listing of logged models, bound to what was asked for.
    static func offset(_ token: String?, of query: UInt64) throws(MartletError) -> Int {
        guard let token, !token.isEmpty else { return 0 }
        guard case .string(String(query, radix: 16))? = try fields(of: token)["query"] else {
            throw MLflowErrors.invalid(
                "The page token belongs to another search: send the same experiment IDs, filter and order with it."
            )
        }
        return try offset(token)
    }

    static func token(offset: Int, of query: UInt64) -> String {
        encoded("{\"offset\": \(offset), \"query\": \"\(String(query, radix: 16))\"}")
    }

    private static let invalid = MLflowErrors.invalid("Invalid page token, could not base64-decode")

    private static func fields(of token: String) throws(MartletError) -> JSONValue {
        guard token.utf8.count <= 1_000, let data = Data(base64Encoded: token) else { throw invalid }
        do {
            return try JSONParser.parse(Array(data))
        } catch {
            throw invalid
        }
    }

    private static func encoded(_ json: String) -> String { Data(json.utf8).base64EncodedString() }
}
