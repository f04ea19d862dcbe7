Feature: Where the last cent goes
  Three units cost 10.00 together. One unit is 3.333..., so a cent is left over when they have gone one at a time. The
  value of the stock is exactly zero when its quantity is zero, and the ruleset says how the cent gets there.
  Microsoft Dynamics 365 Business Central, design details: rounding (case 26).

  Scenario: The cent follows the running total
    The source publishes these figures for its average method; here they come from any method whose cents follow the
    running total.

    Given goods kept oldest first
    And the parts X
    And these receipts costed in total
      | document | date       | part | quantity | total cost |
      | 1        | 2026-01-01 | X    | 3        | 10.00      |
    And these sales
      | number | date       | part | quantity |
      | 2      | 2026-01-02 | X    | 1        |
      | 3      | 2026-01-03 | X    | 1        |
      | 4      | 2026-01-04 | X    | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | quantity | cost moved |
      | 2      | 1        | 3.33       |
      | 3      | 1        | 3.34       |
      | 4      | 1        | 3.33       |
    And the balances are
      | role          | movement           | amount |
      | inventory     | receive            | 10.00  |
      | inventory     | cost-of-goods-sold | -10.00 |
      | inventory     | closing            | 0      |
      | cost-of-sales | cost-of-goods-sold | 10.00  |
      | cost-of-sales | closing            | 10.00  |

  Scenario: Each issue is rounded alone, and the cent is booked apart
    The source's non-average methods: three times 3.33, and an entry of 0.01 without units. The source dates that entry
    like the receipt; here it is of the day on which the layer ran empty, as the month of the receipt may be closed.

    Given goods kept cents apart
    And the parts X
    And these receipts costed in total
      | document | date       | part | quantity | total cost |
      | 1        | 2026-01-01 | X    | 3        | 10.00      |
    And these sales
      | number | date       | part | quantity |
      | 2      | 2026-01-02 | X    | 1        |
      | 3      | 2026-01-03 | X    | 1        |
      | 4      | 2026-01-04 | X    | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | event date | quantity | cost moved |
      | 2      | 2026-01-02 | 1        | 3.33       |
      | 3      | 2026-01-03 | 1        | 3.33       |
      | 4      | 2026-01-04 | 1        | 3.33       |
      | 4      | 2026-01-04 | 0        | 0.01       |
    And the balances are
      | role          | movement           | amount |
      | inventory     | receive            | 10.00  |
      | inventory     | cost-of-goods-sold | -10.00 |
      | inventory     | closing            | 0      |
      | cost-of-sales | cost-of-goods-sold | 9.99   |
      | cost-of-sales | closing            | 9.99   |
      | rounding      | cost-of-goods-sold | 0.01   |
      | rounding      | closing            | 0.01   |
    And every tie-out holds
