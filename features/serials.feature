Feature: Units known by their serial numbers
  A serial number is one unit. It is sold at the price it was shipped at, whatever the queue says; and whoever ships, sells,
  counts or returns it speaks of the same unit, however it spells the number.

  Scenario: Specific identification, and the numbers that cannot be
    ACME got units 101 and 102 at 10.00 and 12.00 and 103 at 15.00, BETA 201 and 202. ACME spells numbers with SN, hyphens
    and zeros, and stock reports add a check digit: 1032 is 103 with the digit 2, as 1 x 2 + 0 + 3 x 2 + 2 is 10. Sold is 102
    first, at 12.00, though 101 is older; it comes back, and is sold once more. 201 is sold by ACME, which never had it: it
    waits for a receipt and earns nothing. 103 is sold by BETA as well, and ACME still counts it. 101, shipped in January, is
    neither sold nor counted, and BETA's 201 is not counted either. Parts without numbers leave oldest first.

    Given serials under specific units
    And these parts
      | part | class      |
      | X    | serialised |
      | Y    | standard   |
    And the partners ACME, BETA
    And these shipments
      | invoice | date       | partner | part | serial | quantity | unit price |
      | 1       | 2026-01-02 | ACME    | X    | 101    | 1        | 10.00      |
      | 1       | 2026-01-02 | ACME    | X    | 102    | 1        | 12.00      |
      | 2       | 2026-02-20 | ACME    | X    | 103    | 1        | 15.00      |
      | 3       | 2026-01-05 | BETA    | X    | 201    | 1        | 10.00      |
      | 4       | 2026-02-06 | BETA    | X    | 202    | 1        | 11.00      |
      | 5       | 2026-01-07 | ACME    | Y    |        | 5        | 3.00       |
    And these sales
      | partner | number | date       | part | serial  | quantity |
      | ACME    | I1     | 2026-02-03 | X    | sn-0102 | 1        |
      | ACME    | I2     | 2026-02-21 | X    | SN 103  | 1        |
      | ACME    | I3     | 2026-02-22 | X    | 0102    | 1        |
      | ACME    | I4     | 2026-02-23 | X    | 201     | 1        |
      | BETA    | B1     | 2026-02-24 | X    | 103     | 1        |
      | ACME    | I5     | 2026-02-24 | Y    |         | 2        |
    And these returns
      | partner | number | date       | part | serial | quantity |
      | ACME    | I1     | 2026-02-10 | X    | SN-102 | 1        |
    And these stock reports
      | partner | part | date       | serial | quantity |
      | ACME    | X    | 2026-02-28 | 1032   | 1        |
      | BETA    | X    | 2026-02-28 | 2022   | 1        |
      | ACME    | Y    | 2026-02-28 |        | 3        |
    When what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the sold are
      | partner | number | serial | document | quantity | gross |
      | ACME    | I1     | 102    | 1        | 1        | 12.00 |
      | ACME    | I1     | 102    | 1        | 1        | 12.00 |
      | ACME    | I2     | 103    | 2        | 1        | 15.00 |
      | ACME    | I3     | 102    | 1        | 1        | 12.00 |
      | ACME    | I5     |        | 5        | 2        | 6.00  |
    And the serials are
      | partner | shipped serials | sold serials | returned serials | held serials |
      | ACME    | 3               | 4            | 1                | 1            |
      | BETA    | 2               | 1            | 0                | 1            |
    And the stock is
      | partner | part | expected | reported | variance |
      | ACME    | X    | 0        | 1        | 1        |
      | ACME    | Y    | 3        | 3        | 0        |
      | BETA    | X    | 1        | 1        | 0        |
    And these controls are broken
      | name                 | code                            | rows                                                         |
      | serial-in-one-place  | serial-sold-elsewhere-or-twice  | OWN, ACME, X, 201, 2026-02-23, OWN, BETA, X, 103, 2026-02-24 |
      | sold-by-one-partner  | serial-sold-twice               | OWN, X, 103, 2026-02-24                                      |
      | shipped-before-sold  | serial-never-shipped-there      | OWN, ACME, I4, 201, OWN, BETA, B1, 103                       |
      | serial-still-held    | serial-sold-but-counted         | OWN, ACME, X, 103, 2026-02-28                                |
      | serial-still-counted | serial-neither-sold-nor-counted | OWN, ACME, X, 101, OWN, BETA, X, 201                         |
    And every tie-out holds
