Feature: Costing methods
  Three units come in at 10, 20 and 30 and go out one at a time. The method alone says which cost leaves with which unit.

  Scenario: First in, first out; and units told apart by their receipt
    Microsoft Dynamics 365 Business Central, design details: costing methods (case 25).

    Given goods kept named receipts
    And these parts
      | part     | costing  |
      | fifo     | by-order |
      | specific | specific |
    And these receipts
      | document | date       | part     | quantity | unit cost |
      | F1       | 2026-01-01 | fifo     | 1        | 10        |
      | F2       | 2026-01-02 | fifo     | 1        | 20        |
      | F3       | 2026-01-03 | fifo     | 1        | 30        |
      | S1       | 2026-01-01 | specific | 1        | 10        |
      | S2       | 2026-01-02 | specific | 1        | 20        |
      | S3       | 2026-01-03 | specific | 1        | 30        |
    And these sales
      | number | date       | part     | quantity | document |
      | F4     | 2026-01-04 | fifo     | 1        |          |
      | F5     | 2026-01-05 | fifo     | 1        |          |
      | F6     | 2026-01-06 | fifo     | 1        |          |
      | S4     | 2026-01-04 | specific | 1        | S2       |
      | S5     | 2026-01-05 | specific | 1        | S1       |
      | S6     | 2026-01-06 | specific | 1        | S3       |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | document | cost moved |
      | F4     | F1       | 10         |
      | F5     | F2       | 20         |
      | F6     | F3       | 30         |
      | S4     | S2       | 20         |
      | S5     | S1       | 10         |
      | S6     | S3       | 30         |
    And there are no goods on hand
    And the balances are
      | part     | role          | movement           | amount |
      | fifo     | inventory     | receive            | 60     |
      | fifo     | inventory     | cost-of-goods-sold | -60    |
      | fifo     | inventory     | closing            | 0      |
      | fifo     | cost-of-sales | cost-of-goods-sold | 60     |
      | fifo     | cost-of-sales | closing            | 60     |
      | specific | inventory     | receive            | 60     |
      | specific | inventory     | cost-of-goods-sold | -60    |
      | specific | inventory     | closing            | 0      |
      | specific | cost-of-sales | cost-of-goods-sold | 60     |
      | specific | cost-of-sales | closing            | 60     |

  Scenario: Last in, first out
    Business Central as above (case 25), and hledger's functional tests of lot methods, number 1 (case 39): two receipts
    of 10 at 50, fifteen sold at 55, a gain of 75, five of the older receipt left.

    Given goods kept newest first
    And the parts lifo, hledger
    And these receipts
      | document | date       | part    | quantity | unit cost |
      | L1       | 2026-01-01 | lifo    | 1        | 10        |
      | L2       | 2026-01-02 | lifo    | 1        | 20        |
      | L3       | 2026-01-03 | lifo    | 1        | 30        |
      | H1       | 2026-01-15 | hledger | 10       | 50        |
      | H2       | 2026-02-01 | hledger | 10       | 50        |
    And these sales
      | number | date       | part    | quantity | unit price |
      | L4     | 2026-02-04 | lifo    | 1        |            |
      | L5     | 2026-02-05 | lifo    | 1        |            |
      | L6     | 2026-02-06 | lifo    | 1        |            |
      | H3     | 2026-02-15 | hledger | 15       | 55         |
    When what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the goods out are
      | number | document | quantity | cost moved |
      | L4     | L3       | 1        | 30         |
      | L5     | L2       | 1        | 20         |
      | L6     | L1       | 1        | 10         |
      | H3     | H2       | 10       | 500        |
      | H3     | H1       | 5        | 250        |
    And the goods on hand are
      | document | receipt date | remaining |
      | H1       | 2026-01-15   | 5         |
    And among the results are
      | part    | gain |
      | hledger | 75   |

  Scenario: The dearest first
    hledger's functional tests of lot methods, number 10 (case 39): receipts of 10 at 40, 60 and 50, fifteen sold at 65. The
    ten at 60 go, then five of those at 50: 15 x 65 - (10 x 60 + 5 x 50) = 975 - 850, a gain of 125.

    Given goods kept dearest first
    And the parts hifo
    And these receipts
      | document | date       | part | quantity | unit cost |
      | H1       | 2026-01-15 | hifo | 10       | 40        |
      | H2       | 2026-02-01 | hifo | 10       | 60        |
      | H3       | 2026-03-01 | hifo | 10       | 50        |
    And these sales
      | number | date       | part | quantity | unit price |
      | H4     | 2026-03-15 | hifo | 15       | 65         |
    When what is known on 2026-04-02 is loaded
    And FY2026-P03 is closed on trial
    Then the goods out are
      | number | document | quantity | cost moved |
      | H4     | H2       | 10       | 600        |
      | H4     | H3       | 5        | 250        |
    And the goods on hand are
      | document | receipt date | remaining |
      | H1       | 2026-01-15   | 10        |
      | H3       | 2026-03-01   | 5         |
    And among the results are
      | part | gain |
      | hifo | 125  |

  Scenario: At average
    Business Central as above (case 25): 10, 20 and 30 leave at 20 each; and its rounding of a receipt of 3 for 10.00 that
    leaves one by one (case 26): 3.33, half of the 6.67 left, and the rest. hledger's functional tests of lot methods,
    number 12 (case 39): of 10 at 40 and 10 at 60 five are sold at 55, a gain of 5 x (55 - 50) = 25.

    Given goods kept at average
    And the parts average, cents, hledger
    And these receipts
      | document | date       | part    | quantity | unit cost |
      | A1       | 2026-01-01 | average | 1        | 10        |
      | A2       | 2026-01-02 | average | 1        | 20        |
      | A3       | 2026-01-03 | average | 1        | 30        |
      | H1       | 2026-01-15 | hledger | 10       | 40        |
      | H2       | 2026-02-01 | hledger | 10       | 60        |
    And these receipts costed in total
      | document | date       | part  | quantity | total cost |
      | C1       | 2026-01-01 | cents | 3        | 10.00      |
    And these sales
      | number | date       | part    | quantity | unit price |
      | A4     | 2026-01-04 | average | 1        |            |
      | A5     | 2026-01-05 | average | 1        |            |
      | A6     | 2026-01-06 | average | 1        |            |
      | C2     | 2026-01-02 | cents   | 1        |            |
      | C3     | 2026-01-03 | cents   | 1        |            |
      | C4     | 2026-01-04 | cents   | 1        |            |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the goods out are
      | number | quantity | cost moved |
      | A4     | 1        | 20         |
      | A5     | 1        | 20         |
      | A6     | 1        | 20         |
      | C2     | 1        | 3.33       |
      | C3     | 1        | 3.34       |
      | C4     | 1        | 3.33       |
    And every tie-out holds
    When these sales become known
      | number | date       | part    | quantity | unit price |
      | H3     | 2026-02-15 | hledger | 5        | 55         |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then among the results are
      | part    | gain | units held | value held |
      | hledger | 25   | 15         | 750        |
    And every tie-out holds
    When somebody asks what is behind "debit Cost of sales"
    Then the layers behind it are
      | opened     | quantity | amount | row of receipts |
      | 2026-02-01 | 5        | 250    | 6               |

  Scenario: At standard
    Business Central as above (case 25): whatever was paid for them, units leave at the standard of 15. What was paid beside
    the standard is a variance of the purchase; the receipts here are those at standard. A receipt at 16 is refused until
    the standard of what is held has been changed.

    Given goods kept at standard
    And the parts standard
    And these receipts
      | document | date       | part     | quantity | unit cost |
      | A1       | 2026-01-01 | standard | 1        | 15        |
      | A2       | 2026-01-02 | standard | 1        | 15        |
      | A3       | 2026-01-03 | standard | 1        | 15        |
    And these sales
      | number | date       | part     | quantity |
      | A4     | 2026-01-04 | standard | 1        |
      | A5     | 2026-01-05 | standard | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the goods out are
      | number | quantity | cost moved |
      | A4     | 1        | 15         |
      | A5     | 1        | 15         |
    When these sales become known
      | number | date       | part     | quantity |
      | A6     | 2026-02-06 | standard | 1        |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the goods out are
      | number | quantity | cost moved |
      | A6     | 1        | 15         |
    And there are no goods on hand
    And every tie-out holds
    When these receipts become known
      | document | date       | part     | quantity | unit cost |
      | A7       | 2026-02-05 | standard | 1        | 16        |
    And what is known on 2026-03-03 is loaded
    And somebody tries to close FY2026-P02
    Then the close is refused: "comes in at a standard of 16, and what is held stands at 15"
