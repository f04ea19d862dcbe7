Feature: Perpetual first in, first out
  Every sale takes the cost of the goods that came in first, layer by layer, on the day of the sale. What has not been
  sold stays at the cost it came in at.

  Scenario: The second sale reaches into the next layer
    OpenStax, Principles of Financial Accounting (case 18). The figures are those of the text; its picture's
    description gives 8,895 for the ending inventory, the text 8,955.

    Given goods kept oldest first
    And the parts X
    And these receipts
      | document  | date       | part | quantity | unit cost |
      | beginning | 2026-07-01 | X    | 150      | 21        |
      | July 10   | 2026-07-10 | X    | 225      | 27        |
      | July 25   | 2026-07-25 | X    | 210      | 33        |
    And these sales
      | number | date       | part | quantity | unit price |
      | first  | 2026-07-05 | X    | 120      | 36         |
      | second | 2026-07-15 | X    | 180      | 39         |
    When what is known on 2026-08-03 is loaded
    And FY2026-P07 is closed on trial
    Then the goods out are
      | number | event date | document  | quantity | unit cost | cost moved |
      | first  | 2026-07-05 | beginning | 120      | 21        | 2,520      |
      | second | 2026-07-15 | beginning | 30       | 21        | 630        |
      | second | 2026-07-15 | July 10   | 150      | 27        | 4,050      |
    And the goods on hand are
      | document | remaining | unit cost | value |
      | July 10  | 75        | 27        | 2,025 |
      | July 25  | 210       | 33        | 6,930 |
    And the balances are
      | role          | movement           | amount |
      | inventory     | receive            | 16,155 |
      | inventory     | cost-of-goods-sold | -7,200 |
      | inventory     | closing            | 8,955  |
      | cost-of-sales | cost-of-goods-sold | 7,200  |
      | cost-of-sales | closing            | 7,200  |
      | sales         | invoice            | 11,340 |
      | sales         | closing            | 11,340 |
    And every tie-out holds
    When somebody asks what is behind "debit Cost of sales"
    Then the layers behind it are
      | opened     | quantity | amount | row of receipts |
      | 2026-07-01 | 150      | 3,150  | 2               |
      | 2026-07-10 | 150      | 4,050  | 3               |
    And the rows behind it are
      | kind | day        | quantity | amount | row of sales |
      | sale | 2026-07-05 | 120      | 2,520  | 2            |
      | sale | 2026-07-15 | 180      | 4,680  | 3            |
