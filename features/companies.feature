Feature: Companies of one group
  Several legal companies keep their books in one set, each its own. What one earns from another is taken out in a book of the
  group, on top of theirs, and comes back as the units are sold through to customers.

  Scenario: One company makes and sells to the other, and both sell to one partner
    January, worked by hand. MAKER invoices SELLER 100 units at 8 that cost it 5. SELLER ships 60 of them to ACME at 12, and
    ACME sells 20. MAKER ships 10 to ACME itself, at 12, and ACME sells 4: ACME buys from two companies, whose units do not mix.

      MAKER   to SELLER  800 for 500;  to ACME 4 x 12 = 48 for 4 x 5 = 20
      SELLER  to ACME    20 x 12 = 240 for 20 x 8 = 160
      together           product revenue 288, within the group 800, cost of sales 500 + 20 + 160 = 680

    The group takes out the 800 against cost of sales, and 3 on each unit that no customer has: 40 in SELLER's store, 40 with
    ACME, 240. Cost of sales is then 680 - 800 + 240 = 120, which is what 24 units cost to make.

    Given companies supplied within the group
    And these companies
      | company | entity | centre |
      | MAKER   | 100    | M42    |
      | SELLER  | 200    | S42    |
    And the parts X
    And the partners ACME
    And these group invoices
      | company | buyer  | number | date       | part | quantity | unit price | unit cost |
      | MAKER   | SELLER | G1     | 2026-01-05 | X    | 100      | 8          | 5         |
    And these group receipts
      | company | document | date       | part | quantity | invoice |
      | SELLER  | W1       | 2026-01-08 | X    | 100      | G1      |
    And these shipments
      | company | document | date       | partner | part | quantity | unit price | unit cost | invoice |
      | SELLER  | S1       | 2026-01-15 | ACME    | X    | 60       | 12         | 8         | G1      |
      | MAKER   | M1       | 2026-01-20 | ACME    | X    | 10       | 12         | 5         |         |
    And these sales
      | company | partner | document | date       | part | quantity |
      | SELLER  | ACME    | P1       | 2026-01-25 | X    | 20       |
      | MAKER   | ACME    | P2       | 2026-01-28 | X    | 4        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the lines of FY2026-P01 are
      | company | journal                 | title                  | debit | credit | legal entity | cost centre |
      | MAKER   | invoice-within-the-group | Due from group         | 800   |        | 100          | 0000        |
      | MAKER   | invoice-within-the-group | Sales within the group |       | 800    | 100          | M42         |
      | MAKER   | invoice-within-the-group | Cost of sales          | 500   |        | 100          | M42         |
      | MAKER   | invoice-within-the-group | Goods                  |       | 500    | 100          | 0000        |
      | MAKER   | defer                   | Trade receivables      | 120   |        | 100          | 0000        |
      | MAKER   | defer                   | Deferred revenue       |       | 120    | 100          | 0000        |
      | MAKER   | defer                   | Deferred cost of sales | 50    |        | 100          | 0000        |
      | MAKER   | defer                   | Goods                  |       | 50     | 100          | 0000        |
      | MAKER   | recognise               | Deferred revenue       | 48    |        | 100          | 0000        |
      | MAKER   | recognise               | Product revenue        |       | 48     | 100          | M42         |
      | MAKER   | recognise               | Cost of sales          | 20    |        | 100          | M42         |
      | MAKER   | recognise               | Deferred cost of sales |       | 20     | 100          | 0000        |
      | SELLER  | receive-from-the-group  | Goods                  | 800   |        | 200          | 0000        |
      | SELLER  | receive-from-the-group  | Due to group           |       | 800    | 200          | 0000        |
      | SELLER  | defer                   | Trade receivables      | 720   |        | 200          | 0000        |
      | SELLER  | defer                   | Deferred revenue       |       | 720    | 200          | 0000        |
      | SELLER  | defer                   | Deferred cost of sales | 480   |        | 200          | 0000        |
      | SELLER  | defer                   | Goods                  |       | 480    | 200          | 0000        |
      | SELLER  | recognise               | Deferred revenue       | 240   |        | 200          | 0000        |
      | SELLER  | recognise               | Product revenue        |       | 240    | 200          | S42         |
      | SELLER  | recognise               | Cost of sales          | 160   |        | 200          | S42         |
      | SELLER  | recognise               | Deferred cost of sales |       | 160    | 200          | 0000        |
    And the lines of FY2026-P01 in book group are
      | company | journal              | title                  | debit | credit | legal entity | cost centre |
      | MAKER   | eliminate-sale       | Sales within the group | 800   |        | 100          | M42         |
      | MAKER   | eliminate-sale       | Cost of sales          |       | 800    | 100          | M42         |
      | MAKER   | eliminate-receivable | Due from group         |       | 800    | 100          | 0000        |
      | MAKER   | eliminate-receivable | Between companies      | 800   |        | 100          | 0000        |
      | SELLER  | eliminate-profit     | Group profit in stock  |       | 240    | 200          | 0000        |
      | SELLER  | eliminate-profit     | Cost of sales          | 240   |        | 200          | S42         |
      | SELLER  | eliminate-payable    | Due to group           | 800   |        | 200          | 0000        |
      | SELLER  | eliminate-payable    | Between companies      |       | 800    | 200          | 0000        |
    And the books have earned
      | title                  | statutory | group |
      | Product revenue        | 288       | 288   |
      | Sales within the group | 800       | 0     |
      | Cost of sales          | -680      | -120  |
    And the companies have posted
      | company | debit | credit | statutory | group |
      | MAKER   | 1,538 | 1,538  | 328       | 328   |
      | SELLER  | 2,400 | 2,400  | 80        | -160  |
    And the group result is
      | part | group revenue | group cost of sales |
      | X    | 288           | 120                 |
    And the layers are
      | company | partner | document | remaining | unit cost | group cost |
      | MAKER   | ACME    | M1       | 6         | 5         | 5          |
      | SELLER  | ACME    | S1       | 40        | 8         | 5          |
    And no control is broken
    And every tie-out holds

    # February: 50 more at 9 that cost 5.50. SELLER ships 50, 40 of the first lot and 10 of the second; ACME sells 70, all of
    # the first lot: 840 for 560. With ACME are 10 units with 3 inside and 10 with 3.50, in the store 40 with 3.50: 205 of
    # profit is left of 240, so 35 is released. On 27 February MAKER invoices 20 more, which SELLER has not received: 180 of
    # goods on the way, 70 of profit in them. The group: 275 + 110 + 560 - 450 - 180 - 35 + 70 = 350, 70 units at 5.
    When these group invoices become known
      | company | buyer  | number | date       | part | quantity | unit price | unit cost |
      | MAKER   | SELLER | G2     | 2026-02-03 | X    | 50       | 9          | 5.50      |
      | MAKER   | SELLER | G3     | 2026-02-27 | X    | 20       | 9          | 5.50      |
    And these group receipts become known
      | company | document | date       | part | quantity | invoice |
      | SELLER  | W2       | 2026-02-05 | X    | 50       | G2      |
    And these shipments become known
      | company | document | date       | partner | part | quantity | unit price | unit cost | invoice |
      | SELLER  | S2       | 2026-02-10 | ACME    | X    | 40       | 12         | 8         | G1      |
      | SELLER  | S3       | 2026-02-10 | ACME    | X    | 10       | 12         | 9         | G2      |
    And these sales become known
      | company | partner | document | date       | part | quantity |
      | SELLER  | ACME    | P3       | 2026-02-25 | X    | 70       |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the lines of FY2026-P02 in book group are
      | company | journal               | title                  | debit | credit |
      | MAKER   | eliminate-sale        | Sales within the group | 630   |        |
      | MAKER   | eliminate-sale        | Cost of sales          |       | 630    |
      | MAKER   | eliminate-receivable  | Due from group         |       | 630    |
      | MAKER   | eliminate-receivable  | Between companies      | 630   |        |
      | MAKER   | hold-goods-on-the-way | Goods on the way       | 180   |        |
      | MAKER   | hold-goods-on-the-way | Between companies      |       | 180    |
      | MAKER   | eliminate-profit      | Group profit in stock  |       | 70     |
      | MAKER   | eliminate-profit      | Cost of sales          | 70    |        |
      | SELLER  | eliminate-profit      | Group profit in stock  | 35    |        |
      | SELLER  | eliminate-profit      | Cost of sales          |       | 35     |
      | SELLER  | eliminate-payable     | Due to group           | 450   |        |
      | SELLER  | eliminate-payable     | Between companies      |       | 450    |
    And the books have earned
      | title                  | statutory | group |
      | Product revenue        | 840       | 840   |
      | Sales within the group | 630       | 0     |
      | Cost of sales          | -945      | -350  |
    And the companies have posted
      | company | debit | credit | statutory | group |
      | MAKER   | 1,015 | 1,015  | 245       | 175   |
      | SELLER  | 2,860 | 2,860  | 280       | 315   |
    And the group result is
      | part | group revenue | group cost of sales |
      | X    | 1,128         | 470                 |
    And no control is broken
    And every tie-out holds
